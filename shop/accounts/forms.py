"""Account forms: sign-in, registration, password reset, details, saved address."""

from contextlib import suppress
from typing import Any, Self

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AuthenticationForm,
    PasswordChangeForm,
    PasswordResetForm,
    SetPasswordForm,
    SetPasswordMixin,
    UserChangeForm,
)
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shop.accounts.services import normalised, request_password_reset
from shop.checkout.address_form import AddressForm
from shop.checkout.form_fields import text_field
from shop.limits import policy
from shop.limits.counters import Limited, take
from shop.models import SavedAddress, User
from shop.stale_pages import FreshForm

#: Django's limit for user names, since the address becomes one.
EMAIL_LENGTH = 150


def _email_field(**options: Any) -> forms.EmailField:
    widget = forms.EmailInput(attrs={"autocomplete": "email", "class": "input w-full"})
    return forms.EmailField(label=_("E-mail"), max_length=EMAIL_LENGTH, widget=widget, **options)


def _password_field(*, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "input w-full"})
    return forms.CharField(label=_("Password"), strip=False, max_length=1000, widget=widget, **options)


class SignInForm(AuthenticationForm):
    """Sign-in by user name or e-mail address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail or user name")


class RegisterForm(forms.Form):
    name = text_field(_("Full name"), of="name", autocomplete="name")
    email = _email_field()
    password = _password_field(
        autocomplete="new-password", help_text=_("At least 8 characters. Avoid common passwords.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "password" in data:
            address = normalised(data.get("email", ""))
            owner = User(username=address, email=address, last_name=data.get("name", ""))
            try:
                password_validation.validate_password(data["password"], owner)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class ResetForm(PasswordResetForm):
    """Django's form, with the e-mail sent by a task. Its response never reveals which addresses have an account.

    Beyond the limit for an account nothing more is sent: its owner has links that work, and strangers may use it up.
    """

    email = _email_field()

    def save(self, *args: Any, **kwargs: Any) -> None:
        for user in self.get_users(self.cleaned_data["email"]):
            with suppress(Limited):
                counted = take(policy.PASSWORD_RESET_EMAIL, account=str(user.pk))
                if not request_password_reset(user=user, language=get_language() or ""):
                    counted.close()


class _PasswordAlone(SetPasswordMixin):  # type: ignore[type-arg]
    """Writes the password alone. Django's forms write the whole row, a while after they read it.

    An account that was deactivated, renamed or even erased meanwhile would be as before.
    """

    def set_password_and_save(
        self,
        user: User,
        password_field_name: str = "password1",  # noqa: S107 - a name, no password
        commit: bool = True,
    ) -> User:
        super().set_password_and_save(user, password_field_name=password_field_name, commit=False)
        if commit:
            user.save(update_fields=["password"])
        return user


class ChangePasswordForm(_PasswordAlone, PasswordChangeForm):
    pass


class NewPasswordForm(_PasswordAlone, SetPasswordForm):  # type: ignore[type-arg]
    pass


class OperatorsPasswordForm(_PasswordAlone, AdminPasswordChangeForm):  # type: ignore[type-arg]
    pass


class OperatorsUserForm(FreshForm, UserChangeForm):  # type: ignore[type-arg]
    """The admin's. A sign-in or a new password makes no page stale: neither is undone by it."""

    not_compared = ("password", "last_login")


class PasswordConfirmationForm(forms.Form):
    """Form that asks for the current password, in case somebody else is using the device."""

    password = _password_field(autocomplete="current-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This password is incorrect."))
        return password


class DetailsForm(PasswordConfirmationForm):
    """Changing the e-mail address could take an account over, so it needs the password; changing the name does not."""

    name = text_field(_("Full name"), of="name", autocomplete="name", required=False)
    email = _email_field()
    field_order = ["name", "email", "password"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].required = False
        self.fields["password"].help_text = _("Only needed to change the e-mail address.")

    def clean_password(self) -> str:
        return str(self.cleaned_data["password"])

    @property
    def new_email(self) -> str:
        """The address, if it is another one."""
        email = normalised(self.cleaned_data.get("email", ""))
        return email if email != normalised(self.user.email) else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.new_email and not self.user.check_password(data.get("password", "")):
            self.add_error("password", _("Enter your password to change the e-mail address."))
        return data


class SavedAddressForm(AddressForm):
    """An address saved for future orders."""

    is_default = forms.BooleanField(label=_("Use as default address"), required=False)

    @classmethod
    def of(cls, saved: SavedAddress) -> Self:
        return cls(initial={name: getattr(saved, name) for name in cls.base_fields})
