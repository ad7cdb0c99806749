"""What may a shopper type in, and what is said when it does not fit?"""

from shop.forms.account import DetailsForm, OwnerForm, RegisterForm, ResetForm, SavedAddressForm, SignInForm
from shop.forms.addresses import AddressForm
from shop.forms.basket import BasketForm
from shop.forms.catalogue import ShelfForm
from shop.forms.checkout import NEW_ADDRESS, CheckoutForm, PaymentForm, new_token
from shop.forms.countries import countries, likely_country
from shop.forms.reviews import ReviewForm

__all__ = [
    "NEW_ADDRESS",
    "AddressForm",
    "BasketForm",
    "CheckoutForm",
    "DetailsForm",
    "OwnerForm",
    "PaymentForm",
    "RegisterForm",
    "ResetForm",
    "ReviewForm",
    "SavedAddressForm",
    "ShelfForm",
    "SignInForm",
    "countries",
    "likely_country",
    "new_token",
]
