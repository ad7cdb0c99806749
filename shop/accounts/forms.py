"""Forms of an account: sign-in, registration, password, details, saved address."""

from typing import Any, Self

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from orders.values import Address
from shop.accounts.services import normalised, request_password_reset
from shop.checkout.address_form import AddressForm
from shop.checkout.form_fields import text_field
from shop.models import SavedAddress, User

#: As long as a user name can be, since the address is one.
EMAIL_LENGTH = 150


def _email_field(**options: Any) -> forms.EmailField:
    widget = forms.EmailInput(attrs={"autocomplete": "email", "class": "input w-full"})
    return forms.EmailField(label=_("E-mail"), max_length=EMAIL_LENGTH, widget=widget, **options)


def _password_field(*, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "input w-full"})
    return forms.CharField(label=_("Password"), strip=False, max_length=1000, widget=widget, **options)


class SignInForm(AuthenticationForm):
    """Also where somebody signs in by e-mail address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail or user name")


class RegisterForm(forms.Form):
    name = text_field(_("Full name"), of="name", autocomplete="name")
    email = _email_field()
    password = _password_field(
        autocomplete="new-password", help_text=_("At least 8 characters, and none of the usual ones.")
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
    """Django's form; the e-mail goes by way of the queue. What it answers tells nobody which addresses are known."""

    email = _email_field()

    def save(self, *args: Any, **kwargs: Any) -> None:
        for user in self.get_users(self.cleaned_data["email"]):
            request_password_reset(user=user, language=get_language() or "")


class OwnerForm(forms.Form):
    """A form that only the owner of the account may send, whoever sits before the screen."""

    password = _password_field(autocomplete="current-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


class DetailsForm(OwnerForm):
    """Another e-mail address could take an account over, so it asks for the password; another name does not."""

    name = text_field(_("Full name"), of="name", autocomplete="name", required=False)
    email = _email_field()
    field_order = ["name", "email", "password"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].required = False
        self.fields["password"].help_text = _("Only needed to change the e-mail address.")

    def clean_password(self) -> str:
        return str(self.cleaned_data["password"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        is_another = normalised(data.get("email", "")) != normalised(self.user.email)
        if is_another and not self.user.check_password(data.get("password", "")):
            self.add_error("password", _("To change the e-mail address, type your password."))
        return data


class SavedAddressForm(AddressForm):
    """An address for the next order."""

    is_default = forms.BooleanField(label=_("Use this address first"), required=False)

    @classmethod
    def of(cls, saved: SavedAddress) -> Self:
        return cls(initial={name: getattr(saved, name) for name in cls.base_fields})

    @property
    def address(self) -> Address:
        return Address(**{name: self.cleaned_data[name] for name in ("line1", "city", "postcode", "country")})
