"""Splits a search text into words, and finds the indexed word closest to a misspelt one."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from shop.catalogue.search.folding import folded

# Bounds the work per search; no shopper types longer ones.
_MAX_WORDS, _MAX_LENGTH, _MAX_TEXT = 8, 40, 2000
_WORD = re.compile(r"[^\W_]+")
# Similarity from 0 to 1: accepts two swapped letters in a word of four, rejects other words.
_MIN_SIMILARITY = 0.7


def terms(text: str) -> list[str]:
    """Distinct words, folded as the index is, free of characters special to the databases' query languages."""
    found = dict.fromkeys(word[:_MAX_LENGTH] for word in _WORD.findall(folded(text[:_MAX_TEXT])))
    return list(found)[:_MAX_WORDS]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most similar to `word`; empty if none is similar enough."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=_MIN_SIMILARITY)), "")
