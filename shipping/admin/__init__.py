"""Admin of shipments: read-only pages, and printing of labels and packing slips."""

from shipping.admin import printing, shipments

__all__ = ["printing", "shipments"]
