"""Shared pages: rendered once for all visitors, with gaps for what belongs to one of them (docs/adr/0025)."""

from shop.site.shared_pages.pieces import PIECES, Piece
from shop.site.shared_pages.request import SharedRequest
from shop.site.shared_pages.views import shared_page

__all__ = ["PIECES", "Piece", "SharedRequest", "shared_page"]
