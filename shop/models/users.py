"""Model of a user account."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """The project's own user model. An e-mail address belongs to one account, however its letters are written.

    Who registers in the shop has the address as user name, too.
    """

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="shop_user_email_is_unique",
                violation_error_message=_("There is an account with this e-mail address."),
            ),
        ]
