"""Stored documents: generated on first use, and kept unchanged from then on.

So booking stays fast, and a reprint is identical, even if the order has changed since.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from orders.models import Order
from orders.pdf.merge import NotPdf, merge_pdfs
from shipping.models import Shipment, ShipmentDocument, ShipmentStatus
from shipping.selectors import locked_with_order

#: Parcels whose documents go into one file: generating them takes seconds, within the time limit of a request.
MAX_PER_FILE = 200


class CannotPrint(ValueError):
    """The document is not stored, and must not be generated any more."""


def document_pdf(*, shipment: Shipment, kind: str) -> bytes:
    """The stored PDF, generated if necessary.

    Raises `CannotPrint` if the parcel is cancelled, replaced by another one, or of an anonymised order.
    """
    stored = ShipmentDocument.objects.filter(shipment=shipment, kind=kind).values_list("pdf", flat=True).first()
    return bytes(stored) if stored is not None else _generate(shipment, kind)


def merged_pdf(*, shipments: Sequence[Shipment], kind: str) -> bytes:
    """One PDF of the documents of a kind, in the given order.

    Each is stored as soon as it is generated, so that an interrupted request loses nothing. Raises `CannotPrint`, as
    `document_pdf` does, for more than `MAX_PER_FILE` parcels, and for a carrier's label that cannot be read.
    """
    if len(shipments) > MAX_PER_FILE:
        raise CannotPrint(_("At most %(max)s at once. Nothing was printed.") % {"max": MAX_PER_FILE})
    try:
        return merge_pdfs(document_pdf(shipment=shipment, kind=kind) for shipment in shipments)
    except NotPdf as error:
        number = shipments[error.position].tracking_number
        text = _("The document of parcel %(number)s cannot be read. Print it alone, and the others without it.")
        raise CannotPrint(text % {"number": number}) from error


def _generate(shipment: Shipment, kind: str) -> bytes:
    _check_printable(shipment, shipment.order)
    return _store(shipment, kind, _made(shipment, kind))


def _made(shipment: Shipment, kind: str) -> bytes:
    from shipping.documents.label import label_pdf  # the PDF library, which most processes never need
    from shipping.documents.packing_slip import packing_slip_pdf

    return label_pdf(shipment) if kind == ShipmentDocument.Kind.LABEL else packing_slip_pdf(shipment)


@transaction.atomic(savepoint=False)
def _store(shipment: Shipment, kind: str, pdf: bytes) -> bytes:
    """Of two concurrent requests, the first one's document is stored, and both return it.

    Raises `CannotPrint` if the order was anonymised while the document, which names the customer, was generated.
    """
    current = locked_with_order().get(pk=shipment.pk)
    _check_printable(current, current.order)
    stored, _created = ShipmentDocument.objects.get_or_create(shipment=shipment, kind=kind, defaults={"pdf": pdf})
    return bytes(stored.pdf)


def _check_printable(shipment: Shipment, order: Order) -> None:
    is_obsolete = shipment.current_for_id is None or shipment.status == ShipmentStatus.CANCELLED
    if is_obsolete or order.anonymised_at:
        raise CannotPrint(
            _("Parcel %(number)s has no documents: it will not be sent, or its address has been erased.")
            % {"number": shipment.tracking_number}
        )
