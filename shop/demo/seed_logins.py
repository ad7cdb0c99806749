"""Creates the demo logins and the staff groups."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission

from shop.models import User

_VIEW = (
    "messaging.view_message",
    "operations.view_failedtask",
    "operations.view_failuregroup",
    "messaging.view_attempt",
    "operations.view_auditentry",
    "operations.view_bulkoperation",
    "operations.view_payloadedit",
    "operations.view_alert",
    "orders.view_order",
    "orders.view_orderline",
    "orders.view_orderevent",
    "payments.view_payment",
    "payments.view_refund",
    "payments.view_dispute",
    "shipping.view_shipment",
    "shipping.view_parcelevent",
    "shop.view_category",
    "shop.view_product",
    "shop.view_review",
    "shop.view_stockmovement",
)
_ACTIONS = (
    "operations.reveal_payload",
    "operations.retry_message",
    "operations.bulk_retry",
    "operations.edit_message",
    "operations.discard_message",
    "operations.pause_queue",
    "payments.refund_payment",
    "payments.answer_dispute",
    "shop.restock_product",
    "shop.correct_stock",
    "shipping.reship_parcel",
    "shipping.restock_returned_goods",
    "shipping.correct_address",
)
OPERATORS, SUPPORT = "Operators", "Support"
GROUPS = {
    OPERATORS: (*_VIEW, *_ACTIONS),
    SUPPORT: (*_VIEW, "shop.moderate_review"),
}


@dataclass(frozen=True, slots=True)
class Login:
    """A demo login. The password equals the user name."""

    name: str
    group: str = ""
    is_staff: bool = False
    is_superuser: bool = False


LOGINS = (
    Login("admin", is_staff=True, is_superuser=True),
    Login("operator", group=OPERATORS, is_staff=True),
    Login("support", group=SUPPORT, is_staff=True),
    Login("shopper"),
)


def create_groups() -> None:
    """Create missing groups. Existing ones keep the permissions an administrator has set."""
    for name, wanted in GROUPS.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(_permissions(wanted))


def create_logins() -> list[str]:
    """Create missing logins. Returns their names."""
    missing = [login for login in LOGINS if not User.objects.filter(username=login.name).exists()]
    for login in missing:
        user = User.objects.create_user(
            username=login.name,
            email=f"{login.name}@conveyor.example",
            password=login.name,
            is_staff=login.is_staff,
            is_superuser=login.is_superuser,
        )
        if login.group:
            user.groups.add(Group.objects.get(name=login.group))
    return [login.name for login in missing]


def _permissions(wanted: tuple[str, ...]) -> list[Permission]:
    found = Permission.objects.select_related("content_type")
    return [p for p in found if f"{p.content_type.app_label}.{p.codename}" in wanted]
