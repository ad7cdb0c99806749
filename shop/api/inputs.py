"""Request serializers of the API."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from messaging.operations.api.fields import Email, StrictSerializer, Text, WholeNumber
from messaging.operations.api.problems import invalid
from orders.models import ShippingMethod
from orders.values import Address
from payments.gateways import UnknownPaymentMethod, check_method
from shop.catalogue.search import Sort
from shop.checkout import postal_rules
from shop.checkout.idempotency import Idempotency
from shop.checkout.services import LineWanted
from shop.checkout.shipping_options import is_served, not_served_text
from shop.validators import no_links

MAX_LINES = 1000
MAX_QUANTITY = 999
MAX_KEY_LENGTH = 200
MAX_AMOUNT = 10**12


class PaymentMethod(Text):
    """A method known to the gateway; test methods in demo mode only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=60, **options)

    def to_internal_value(self, data: Any) -> str:
        method = super().to_internal_value(data)
        try:
            check_method(method)
        except UnknownPaymentMethod as error:
            raise serializers.ValidationError(str(error)) from None
        return method


class Line(Text):
    """A line of a name and address."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(no_links)


class AddressIn(StrictSerializer):
    line1 = Line(max_length=200)
    line2 = Line(max_length=200, required=False, default="", allow_blank=True)
    city = Line(max_length=100)
    state = Line(
        max_length=100,
        required=False,
        default="",
        allow_blank=True,
        help_text=_("state, province or prefecture, for countries whose addresses have one"),
    )
    postcode = Line(max_length=20, allow_blank=True, help_text=_("empty for countries that have none"))
    country = Text(
        validators=[RegexValidator(r"^[A-Za-z]{2}\Z", _("Must be a two-letter ISO 3166-1 code, such as DE."))],
        help_text=_("ISO 3166-1 alpha-2 code, such as DE"),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            return attrs | asdict(postal_rules.checked(Address(**attrs)))
        except postal_rules.InvalidAddress as wrong:
            raise serializers.ValidationError({field: [text] for field, text in wrong.errors.items()}) from None


class OrderLineIn(StrictSerializer):
    sku = Text(max_length=40)
    quantity = WholeNumber(min_value=1, max_value=MAX_QUANTITY)


class OrderIn(StrictSerializer):
    email = Email(max_length=254)
    name = Line(max_length=100)
    address = AddressIn()
    shipping_method = serializers.ChoiceField(choices=ShippingMethod.choices)
    # Checkout checks it: a repeated request gets its order even if the method is no longer offered.
    payment_method = Text(max_length=60)
    lines = OrderLineIn(many=True, allow_empty=False, max_length=MAX_LINES)  # type: ignore[call-arg]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not is_served(country=attrs["address"]["country"], shipping_method=attrs["shipping_method"]):
            raise serializers.ValidationError({"address": {"country": [not_served_text()]}})
        return attrs


class PayIn(StrictSerializer):
    payment_method = PaymentMethod()


class RefundIn(StrictSerializer):
    amount = WholeNumber(min_value=1, max_value=10**12, help_text=_("in minor units of the order's currency"))
    reason = Text(max_length=500)


class Credentials(StrictSerializer):
    username = Text(max_length=150)
    password = Text(max_length=4096, trim_whitespace=False)


class ProductQuery(serializers.Serializer[Any]):
    search = Text(max_length=100, required=False, default="", allow_blank=True)
    category = Text(max_length=60, required=False, default="", allow_blank=True, help_text=_("category slug"))
    price_from = serializers.IntegerField(
        min_value=0, max_value=MAX_AMOUNT, required=False, default=None, help_text=_("in minor units")
    )
    price_to = serializers.IntegerField(
        min_value=0, max_value=MAX_AMOUNT, required=False, default=None, help_text=_("in minor units")
    )
    in_stock = serializers.BooleanField(required=False, default=False, help_text=_("only products in stock"))
    sort = serializers.ChoiceField(
        choices=Sort.choices,
        required=False,
        default="",
        allow_blank=True,
        help_text=_("defaults to best match for a search, and to the shop's featured order otherwise"),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if None not in (attrs["price_from"], attrs["price_to"]) and attrs["price_from"] > attrs["price_to"]:
            raise serializers.ValidationError({"price_to": _("Must be at least price_from.")})
        return attrs


def checkout_arguments(data: Mapping[str, Any]) -> dict[str, Any]:
    """Validated `OrderIn` data as arguments of `shop.checkout.services.checkout`."""
    return {
        "email": data["email"],
        "name": data["name"],
        "address": Address(**data["address"]),
        "shipping_method": data["shipping_method"],
        "payment_method": data["payment_method"],
        "lines": [LineWanted(sku=line["sku"], quantity=line["quantity"]) for line in data["lines"]],
    }


def idempotency(request: Request) -> Idempotency | None:
    """The `Idempotency-Key` header, if present. Each user has a separate key space."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise invalid({"Idempotency-Key": [str(_("Must be 1 to 200 printable ASCII characters."))]})
    client = f"user:{request.user.pk}" if request.user.is_authenticated else "guest"
    return Idempotency(client=client, key=key)
