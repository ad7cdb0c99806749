"""Which words do the storefront's templates have beyond Django's own?"""

from django import template
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from orders import money as order_money
from shop.demo.stories import STORIES
from shop.models import Product

register = template.Library()

# Few enough that a shopper should hurry.
FEW_LEFT = 5

_NO_PICTURE = "shop/products/parcel.webp"

_ROUTE = ("placed", "paid", "shipped", "delivered")
_STATUS_TONE = {
    "placed": "badge-info",
    "paid": "badge-info",
    "shipped": "badge-info",
    "delivered": "badge-success",
    "payment_failed": "badge-error",
    "cancelled": "badge-neutral",
    "refunded": "badge-neutral",
}
_HEADLINES = {
    "placed": _("Your order is in. We are taking the payment."),
    "paid": _("Paid. We are packing your parcel."),
    "shipped": _("Your parcel is on its way."),
    "delivered": _("Delivered. Enjoy!"),
    "payment_failed": _("The payment did not go through."),
    "cancelled": _("This order is cancelled."),
    "refunded": _("This order is refunded: the money is back with you."),
}


@register.simple_tag
def picture(product: Product) -> str:
    """The address of a product's picture. A wrong path in the admin must not take the page down."""
    try:
        return static(product.image or _NO_PICTURE)
    except ValueError:
        return static(_NO_PICTURE)


@register.filter
def money(amount_minor: int, currency: str) -> str:
    return order_money.display(amount_minor, currency)


@register.filter
def stock_level(stock: int) -> str:
    """`none`, `few` or `plenty`."""
    if stock <= 0:
        return "none"
    return "few" if stock <= FEW_LEFT else "plenty"


@register.filter
def story(method: str) -> str:
    """What a test card does; nothing for methods of a real gateway."""
    return str(STORIES.get(method, ""))


@register.filter
def as_words(code: str) -> str:
    """`card_declined` as `card declined`."""
    return code.replace("_", " ")


@register.filter
def status_tone(status: str) -> str:
    return _STATUS_TONE.get(status, "badge-neutral")


@register.filter
def status_headline(status: str) -> str:
    return str(_HEADLINES.get(status, status))


@register.filter
def is_on_the_way(status: str) -> bool:
    """Whether the way to the door is still what the shopper wants to see."""
    return status not in ("cancelled", "refunded")


@register.filter
def reached(status: str, step: str) -> bool:
    """Whether an order in `status` has come as far as `step` on its way to the door."""
    return status in _ROUTE and _ROUTE.index(status) >= _ROUTE.index(step)
