"""Model of a user account."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken


class User(AbstractUser):
    """Custom user model. E-mail addresses are unique, ignoring case.

    Accounts registered in the shop use the e-mail address as user name. `new_email` is an address that its owner has
    not confirmed yet; it counts for nothing until then.
    """

    _password: str | None  # Django's: a new password until it is saved
    new_email = models.EmailField(_("new e-mail address"), blank=True, default="", db_default="", editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="shop_user_email_is_unique",
                violation_error_message=_("An account with this e-mail address already exists."),
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Revokes the API tokens with a new password, and of an account that can no longer sign in."""
        revokes = self._password is not None or not self.is_active or not self.has_usable_password()
        with transaction.atomic():
            super().save(*args, **kwargs)
            if revokes:
                AuthToken.objects.filter(user_id=self.pk).delete()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Another one for staff: who becomes staff has to sign in again, for the shorter session."""
        own: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{own}-staff" if self.is_staff else own
