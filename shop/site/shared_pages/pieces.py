"""Pieces of a page that belong to one visitor: CSRF token, number of items in the basket, notifications."""

from collections.abc import Callable, Mapping

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from shop.basket.services import basket_of

#: Called with the visitor's request, and for a piece of one page with the arguments of its URL. Returns safe HTML.
Piece = Callable[..., str]

CSRF_TOKEN = "csrf_token"  # noqa: S105 - a name


def basket_badge(request: HttpRequest) -> str:
    count = basket_of(request).count
    return render_to_string("shop/basket/_badge.html", {"count": count}) if count else ""


def notes(request: HttpRequest) -> str:
    found = list(get_messages(request))
    return render_to_string("shop/site/_notes.html", {"messages": found}) if found else ""


#: Pieces of every page, by their names in templates.
PIECES: Mapping[str, Piece] = {CSRF_TOKEN: get_token, "shop_basket_badge": basket_badge, "shop_notes": notes}
