"""Splits a search text into terms, and finds the known word closest to a mistyped one."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

# Longer questions are no shopper's, and each word costs the database work.
_MOST_WORDS, _LONGEST = 8, 40
_WORD = re.compile(r"[^\W_]+")
# Of 1: low enough for two letters that changed places in a word of four, high enough to keep other words apart.
_ALIKE = 0.7


def terms(text: str) -> list[str]:
    """In lower case, each once, without any sign that a database's query language knows."""
    found = dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(text.lower()))
    return list(found)[:_MOST_WORDS]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like `word`; empty where none does."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=_ALIKE)), "")
