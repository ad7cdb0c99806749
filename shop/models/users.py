"""Model of a user account."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Custom user model. E-mail addresses are unique, ignoring case.

    Accounts registered in the shop use the e-mail address as user name.
    """

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="shop_user_email_is_unique",
                violation_error_message=_("An account with this e-mail address already exists."),
            ),
        ]
