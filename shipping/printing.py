"""How do the papers of a parcel get printed? Drawn when they are first wanted, and kept as they were drawn.

Booking stays as fast as it is, and a paper printed twice is the same paper, whatever became of the order since.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from orders.paper.together import together
from shipping.models import Shipment, ShipmentPaper, ShipmentStatus
from shipping.papers import DRAWN

#: Parcels whose papers go into one file: some seconds of drawing, within what a request may take.
MOST_AT_ONCE = 200


class CannotPrint(ValueError):
    """There is no such paper, and it is not to be drawn any more."""


def paper(*, shipment: Shipment, kind: str) -> bytes:
    """The PDF, stored by now. Raises `CannotPrint` for a parcel that is not to be sent: cancelled, replaced by
    another one, or of an order whose address was forgotten."""
    kept = ShipmentPaper.objects.filter(shipment=shipment, kind=kind).values_list("pdf", flat=True).first()
    return bytes(kept) if kept is not None else _draw(shipment, kind)


def papers(*, shipments: Sequence[Shipment], kind: str) -> bytes:
    """One PDF of all papers of a kind, in the given order; each is stored as soon as it is drawn, so that a request
    that is cut off loses nothing. Raises `CannotPrint`, naming the parcel, and for more than `MOST_AT_ONCE`."""
    if len(shipments) > MOST_AT_ONCE:
        raise CannotPrint(_("At most %(most)s at once. Nothing was printed.") % {"most": MOST_AT_ONCE})
    return together(paper(shipment=shipment, kind=kind) for shipment in shipments)


def _draw(shipment: Shipment, kind: str) -> bytes:
    is_over = shipment.current_for_id is None or shipment.status == ShipmentStatus.CANCELLED
    if is_over or shipment.order.anonymised_at:
        raise CannotPrint(
            _("There are no papers for parcel %(number)s: it is not to be sent, or its address was forgotten.")
            % {"number": shipment.tracking_number}
        )
    pdf = DRAWN[kind](shipment)
    # Of two that print at once, the first one's paper stays, and both get it.
    kept, _created = ShipmentPaper.objects.get_or_create(shipment=shipment, kind=kind, defaults={"pdf": pdf})
    return bytes(kept.pdf)
