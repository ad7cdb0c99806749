"""Which pages does the shop have, and where is an example of each?"""

import enum
from dataclasses import dataclass


class Visitor(enum.Enum):
    """Who looks at the page."""

    GUEST = "guest"
    BUYER = "guest with a filled basket"
    SHOPPER = "shopper"
    OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class Example:
    """`path` may name what the stage knows, such as `{delivered}`, the public id of a delivered order.

    `view` is the name of the address in `shop.urls` that it is an example of. `found` says that search engines should
    lead to it. `scored` pages go through Lighthouse. `only_staged` ones need the stage of the audit: the shop that
    tests share has neither pages for errors nor a bank that is asked again for long. `seen` ones are in the gallery.
    """

    title: str
    path: str
    view: str = ""
    visitor: Visitor = Visitor.GUEST
    status: int = 200
    found: bool = False
    scored: bool = False
    only_staged: bool = False
    seen: bool = True

    @property
    def slug(self) -> str:
        return "-".join(self.title.lower().replace(",", "").replace("’", "").split())


EXAMPLES = (
    Example(title="Home", path="/", view="home", found=True, scored=True),
    Example(title="All products", path="/products/", view="products", found=True, scored=True),
    Example(title="Category", path="/categories/sound/", view="category", found=True, scored=True),
    Example(title="Product", path="/products/studio-guitar/", view="product", found=True, scored=True),
    Example(title="A review", path="/products/studio-guitar/review/", view="review", visitor=Visitor.SHOPPER),
    Example(title="About", path="/about/", view="about", found=True, scored=True),
    Example(title="Delivery and returns", path="/delivery/", view="delivery", found=True, scored=True),
    Example(title="Search", path="/search/?q=guitar", view="search", scored=True),
    Example(title="Nothing found", path="/search/?q=qqqqzzzz"),
    Example(title="Empty basket", path="/basket/", view="basket"),
    Example(title="Basket", path="/basket/", visitor=Visitor.BUYER, scored=True),
    Example(title="Checkout", path="/checkout/", view="checkout", visitor=Visitor.BUYER, scored=True),
    Example(title="Order, delivered", path="/orders/{delivered}/", view="order", scored=True),
    Example(title="Order, bank is asked again", path="/orders/{retrying}/", scored=True, only_staged=True),
    Example(title="Order, card declined", path="/orders/{declined}/"),
    Example(title="Order, waiting for a person", path="/orders/{stuck}/"),
    Example(title="Sign in", path="/account/login/", view="login", scored=True),
    Example(title="Registration", path="/account/register/", view="register", scored=True),
    Example(title="Forgotten password", path="/account/reset/", view="password_reset", seen=False),
    Example(title="Expired link", path="/account/reset/x/y/", view="password_reset_confirm", seen=False),
    Example(title="Account", path="/account/", view="account", visitor=Visitor.SHOPPER, scored=True),
    Example(title="Addresses", path="/account/addresses/", view="addresses", visitor=Visitor.SHOPPER),
    Example(
        title="An address",
        path="/account/addresses/{address}/",
        view="address_change",
        visitor=Visitor.SHOPPER,
        seen=False,
    ),
    Example(
        title="New address",
        path="/account/addresses/add/",
        view="address_add",
        visitor=Visitor.SHOPPER,
        seen=False,
    ),
    Example(title="Details", path="/account/details/", view="account_details", visitor=Visitor.SHOPPER),
    Example(
        title="New password",
        path="/account/password/",
        view="password_change",
        visitor=Visitor.SHOPPER,
        seen=False,
    ),
    Example(title="Delete my data", path="/account/delete/", view="account_delete", visitor=Visitor.SHOPPER),
    Example(title="Not found", path="/no-such-page/", status=404),
    Example(title="Damaged request", path="/errors/400/", status=400, seen=False, only_staged=True),
    Example(title="Forbidden", path="/errors/403/", status=403, only_staged=True),
    Example(title="Form not checked", path="/errors/csrf/", status=403, seen=False, only_staged=True),
    Example(title="Too many wrong passwords", path="/errors/429/", status=429, seen=False, only_staged=True),
    Example(title="Server error", path="/errors/500/", status=500, only_staged=True),
)

#: Addresses that are no pages of their own, though they answer a GET.
NO_PAGES = {
    "order_live": "a part of the order's page",
    "suggestions": "a part of the search field",
    "favicon": "leads to the picture",
    "manifest": "what the browser asks for when the shop is put on a home screen",
    "robots": "text for search engines",
    "sitemap": "XML for search engines",
    "order_invoice": "a PDF",
    "account_data": "a file to keep",
}
