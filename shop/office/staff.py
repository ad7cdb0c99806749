"""Staff groups: what members may see and do. docs/reference/permissions.md says what each permission allows."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from shop.office import extension_permissions

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
    "shop.view_return",
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
    "shop.receive_return",
    "shipping.reship_parcel",
    "shipping.restock_returned_goods",
    "shipping.correct_address",
    "shop.moderate_review",
    # Of erased shoppers, too.
    "shop.view_invoice",
    "shop.view_creditnote",
)
OPERATORS, SUPPORT = extension_permissions.OPERATORS, extension_permissions.SUPPORT
GROUPS = {
    OPERATORS: (*_VIEW, *_ACTIONS),
    SUPPORT: (*_VIEW, "shop.moderate_review"),
}


def missing_groups() -> list[str]:
    """Names of the groups that do not exist."""
    existing = set(Group.objects.filter(name__in=GROUPS).values_list("name", flat=True))
    return [name for name in GROUPS if name not in existing]


@transaction.atomic
def create_groups() -> list[str]:
    """Create missing groups, and return their names. Existing ones keep the permissions an administrator has set."""
    created = []
    for name in missing_groups():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(_permissions((*GROUPS[name], *extension_permissions.of_group(name))))
            created.append(name)
    return created


def _permissions(wanted: tuple[str, ...]) -> list[Permission]:
    found = Permission.objects.select_related("content_type")
    return [p for p in found if f"{p.content_type.app_label}.{p.codename}" in wanted]
