"""Catalogue of the storefront's pages, with one example of each."""

import enum
from dataclasses import dataclass


class Visitor(enum.Enum):
    """The visitor who opens the page."""

    GUEST = "guest"
    BUYER = "guest with a filled basket"
    SHOPPER = "shopper"
    OPERATOR = "operator"
    ADMIN = "superuser"


@dataclass(frozen=True, kw_only=True)
class Example:
    """An example page. `path` may refer to ids of the scenario, such as `{delivered}`, a delivered order's public id.

    `view` is the URL name in `shop.urls` that it covers. Search engines should index `indexed` pages. `rated` pages go
    through Lighthouse. `audit_only` pages need the audit's own stack: the tests' shared one has neither error pages nor
    a payment that keeps retrying. `in_gallery` pages are in docs/screenshots.md.
    """

    title: str
    path: str
    view: str = ""
    visitor: Visitor = Visitor.GUEST
    status: int = 200
    indexed: bool = False
    rated: bool = False
    audit_only: bool = False
    in_gallery: bool = True

    @property
    def slug(self) -> str:
        return "-".join(self.title.lower().replace(",", "").replace("’", "").split())

    @property
    def is_for_operators(self) -> bool:
        return self.visitor in (Visitor.OPERATOR, Visitor.ADMIN)


EXAMPLES = (
    Example(title="Home", path="/", view="home", indexed=True, rated=True),
    Example(title="All products", path="/products/", view="products", indexed=True, rated=True),
    Example(title="Category", path="/categories/sound/", view="category", indexed=True, rated=True),
    Example(title="Product", path="/products/studio-guitar/", view="product", indexed=True, rated=True),
    Example(title="Write a review", path="/products/studio-guitar/review/", view="review", visitor=Visitor.SHOPPER),
    Example(title="About", path="/about/", view="about", indexed=True, rated=True),
    Example(title="Delivery and returns", path="/delivery/", view="delivery", indexed=True, rated=True),
    Example(title="Search", path="/search/?q=guitar", view="search", rated=True),
    Example(title="Nothing found", path="/search/?q=qqqqzzzz"),
    Example(title="Empty basket", path="/basket/", view="basket"),
    Example(title="Basket", path="/basket/", visitor=Visitor.BUYER, rated=True),
    Example(title="Checkout", path="/checkout/", view="checkout", visitor=Visitor.BUYER, rated=True),
    Example(title="Order, delivered", path="/orders/{delivered}/", view="order", rated=True),
    Example(title="Order, payment retrying", path="/orders/{retrying}/", rated=True, audit_only=True),
    Example(title="Order, card declined", path="/orders/{declined}/"),
    Example(title="Order, waiting for the bank", path="/orders/{challenged}/", rated=True, in_gallery=False),
    Example(title="Order, needs attention", path="/orders/{stuck}/"),
    Example(title="Return items", path="/orders/{delivered}/return/", view="order_return", in_gallery=False),
    Example(title="Find your order", path="/orders/find/", view="order_find", rated=True, in_gallery=False),
    Example(title="Sign in", path="/account/login/", view="login", rated=True),
    Example(title="Registration", path="/account/register/", view="register", rated=True),
    Example(title="Forgot password", path="/account/reset/", view="password_reset", in_gallery=False),
    Example(title="Expired link", path="/account/reset/x/y/", view="password_reset_confirm", in_gallery=False),
    Example(
        title="Unknown address link", path="/account/email/x/y/", view="email_confirm", status=404, in_gallery=False
    ),
    Example(title="Account", path="/account/", view="account", visitor=Visitor.SHOPPER, rated=True),
    Example(title="Addresses", path="/account/addresses/", view="addresses", visitor=Visitor.SHOPPER),
    Example(
        title="Edit address",
        path="/account/addresses/{address}/",
        view="address_change",
        visitor=Visitor.SHOPPER,
        in_gallery=False,
    ),
    Example(
        title="New address",
        path="/account/addresses/add/",
        view="address_add",
        visitor=Visitor.SHOPPER,
        in_gallery=False,
    ),
    Example(title="Account details", path="/account/details/", view="account_details", visitor=Visitor.SHOPPER),
    Example(
        title="New password",
        path="/account/password/",
        view="password_change",
        visitor=Visitor.SHOPPER,
        in_gallery=False,
    ),
    Example(title="Delete account", path="/account/delete/", view="account_delete", visitor=Visitor.SHOPPER),
    Example(title="Account closed", path="/account/deleted/", view="account_closed", in_gallery=False),
    Example(title="Not found", path="/no-such-page/", status=404),
    Example(title="Bad request", path="/errors/400/", status=400, in_gallery=False, audit_only=True),
    Example(title="Forbidden", path="/errors/403/", status=403, audit_only=True),
    Example(title="CSRF failure", path="/errors/csrf/", status=403, in_gallery=False, audit_only=True),
    Example(title="Locked out", path="/errors/429/", status=429, in_gallery=False, audit_only=True),
    Example(title="Server error", path="/errors/500/", status=500, audit_only=True),
)

#: URL names that respond to GET but are not pages.
NOT_PAGES = {
    "order_live": "part of the order page",
    "colours": "a style sheet",
    "order_pay": "redirects to the order page, but for a gateway with a form of its own",
    "suggestions": "part of the search field",
    "favicon": "redirects to the image",
    "manifest": "web app manifest",
    "robots": "robots.txt",
    "sitemap": "XML sitemap",
    "order_invoice": "a PDF",
    "order_credit_note": "a PDF",
    "return_label": "a PDF",
    "account_data": "a file download",
}
