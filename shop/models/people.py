"""Who signs in?"""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """The project's own user model, so that it can grow without a painful migration."""
