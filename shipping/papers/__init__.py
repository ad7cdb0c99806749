"""What is printed for a parcel? A label that goes on it, and a slip that goes into it."""

from collections.abc import Callable, Mapping

from shipping.models import Shipment, ShipmentPaper
from shipping.papers.label import label_pdf
from shipping.papers.packing_slip import packing_slip_pdf

DRAWN: Mapping[str, Callable[[Shipment], bytes]] = {
    ShipmentPaper.Kind.LABEL: label_pdf,
    ShipmentPaper.Kind.PACKING_SLIP: packing_slip_pdf,
}
