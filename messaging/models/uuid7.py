"""UUID version 7 (RFC 9562, section 5.7): ids that sort by time. Python has it from 3.14 on."""

import secrets
import time
import uuid

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)


def uuid7() -> uuid.UUID:
    """48 bits of milliseconds since 1970 and 74 random bits, besides version and variant."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return uuid.UUID(int=(milliseconds << 80) | (high << 64) | low | _VERSION_AND_VARIANT)
