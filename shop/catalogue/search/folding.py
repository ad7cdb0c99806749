"""Folds text for the search: letter case, accents, and how both are encoded make no difference.

"Café", "CAFE\u0301" and "cafe" are one word; so are "Straße" and "strasse", "Smørrebrød" and "smorrebrod". The SQL in
`postgresql/folding.py` does the same to what is indexed there; on SQLite the index calls these functions.
"""

import re
from typing import Any
from unicodedata import normalize

from django.db.backends.base.base import BaseDatabaseWrapper

#: Accents of Latin, Greek and Cyrillic letters. Vowel signs of other scripts are letters of a word, not ornaments.
FIRST_MARK, LAST_MARK = "\u0300", "\u036f"
#: Letters that Unicode does not take apart, after lower case.
SINGLE = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ſ": "s", "ς": "σ"}
DOUBLE = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
#: As Germans write them without the keys: "Kaefer" finds "Käfer" as well.
UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
_MARKS = re.compile(f"[{FIRST_MARK}-{LAST_MARK}]")
_LETTERS = str.maketrans(SINGLE | DOUBLE)
_UMLAUTS = str.maketrans(UMLAUTS)
FUNCTIONS = ("shop_search_folded", "shop_search_spelled")


def folded(text: str) -> str:
    """Accents are removed before the letter case: "İ" is an I with a dot."""
    if text.isascii():
        return text.lower()
    bare = _MARKS.sub("", normalize("NFKD", text))
    return normalize("NFKC", bare.lower().translate(_LETTERS))


def spelled(text: str) -> str:
    """Folded, followed by the German spelling without umlauts if that is another one."""
    german = normalize("NFC", text).translate(_UMLAUTS)
    return f"{folded(text)} {folded(german)}" if german != normalize("NFC", text) else folded(text)


def add_functions(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receiver of `connection_created`: the triggers of SQLite's index call them."""
    if connection.vendor == "sqlite":
        for name, function in zip(FUNCTIONS, (folded, spelled), strict=True):
            connection.connection.create_function(name, 1, _tolerant(function), deterministic=True)


def _tolerant(function: Any) -> Any:
    """SQLite columns hold what one puts there."""
    return lambda value: function(value) if isinstance(value, str) else value
