"""Counts the scans of a JPEG file, without decoding them."""

import re
from typing import Final

_MARKER: Final = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_SCAN, _END = 0xDA, 0xD9
#: Markers that no segment follows: start of image, and TEM.
_ALONE: Final = (0xD8, 0x01)


def scans(content: bytes) -> int:
    """How often a decoder goes over all pixels of the first image, up to its end. A progressive one has about ten."""
    found, at = 0, 0
    while (marker := _MARKER.search(content, at)) and (code := marker[1][0]) != _END:
        found += code == _SCAN
        at = marker.end()
        if code not in _ALONE:
            at += int.from_bytes(content[at : at + 2])
    return found
