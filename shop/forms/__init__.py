"""What may a shopper type in, and what is said when it does not fit?"""

from shop.forms.basket import BasketForm
from shop.forms.catalogue import SearchForm
from shop.forms.checkout import CheckoutForm, PaymentForm, new_token
from shop.forms.countries import countries

__all__ = ["BasketForm", "CheckoutForm", "PaymentForm", "SearchForm", "countries", "new_token"]
