"""Labels of returns: the parcel is booked with a carrier, and the label stored as it was first made."""

from orders.models import Order
from shipping.carriers import AddressRejected, TakesReturns, carriers, return_carrier
from shipping.selectors import consignment_of
from shop.models import Return, ReturnLabel, ReturnStatus
from shop.returns.parcels import record_booking, store_label


def book(*, found: Return) -> None:
    """Book the parcel of a return, and record its tracking number. Outside any transaction.

    Without a carrier that takes returns there, none is booked: the label then has the shop's address and the return's
    number, and the shopper chooses a carrier. That number is the idempotency key. Raises `CarrierUnavailable`.
    """
    carrier = _carrier(found.order)
    if found.tracking_number or carrier is None:
        return
    pieces = sum(line.quantity for line in found.lines.all())
    try:
        booking = carrier.book_return(
            idempotency_key=found.number, consignment=consignment_of(found.order, pieces=pieces)
        )
    except AddressRejected:
        return
    record_booking(found=found, carrier=booking.carrier, tracking_number=booking.tracking_number)
    if booking.label:
        store_label(found=found, pdf=booking.label)


def record_booked(*, found: Return) -> None:
    """Record the parcel that an earlier attempt has booked, if one did and its reply was lost. Outside any transaction.

    For a return that was decided since: it gets no new parcel. Raises `CarrierUnavailable`.
    """
    carrier = _carrier(found.order)
    if found.tracking_number or carrier is None:
        return
    booking = carrier.fetch(idempotency_key=found.number)
    if booking is not None:
        record_booking(found=found, carrier=booking.carrier, tracking_number=booking.tracking_number)


def label_pdf(*, found: Return) -> bytes:
    """The stored label, made if it is the first time. Of two that make it at once, both return the first one's."""
    stored = ReturnLabel.objects.filter(parent=found).first()
    if stored is not None:
        return bytes(stored.pdf)
    from shop.returns.label_pdf import return_label_pdf  # the PDF library, which most processes never need

    return store_label(found=found, pdf=return_label_pdf(found=found))


def stored_label(*, found: Return) -> bytes | None:
    """The label for a download. None until it was sent, and once it must not be used any more."""
    if found.status != ReturnStatus.REQUESTED:
        return None
    pdf = ReturnLabel.objects.filter(parent=found).values_list("pdf", flat=True).first()
    return bytes(pdf) if pdf is not None else None


def _carrier(order: Order) -> TakesReturns | None:
    """That which delivered the order, or else the first one that takes returns."""
    shipment = order.shipments.filter(current_for=order).first()
    names = [shipment.carrier] if shipment else []
    found = (return_carrier(name) for name in (*names, *(each.name for each in carriers())))
    return next((each for each in found if each is not None), None)
