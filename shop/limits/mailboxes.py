"""What counts as one mailbox, however its address is spelled."""

from unicodedata import normalize


def mailbox(email: str) -> str:
    """`"A.da+shop"@EXAMPLE.com` is delivered to `ada@example.com`. Empty for what is not an address.

    Dots make no difference to the largest provider. Elsewhere, two people may share a count.
    """
    name, _at, domain = normalize("NFKC", email).strip().casefold().rpartition("@")
    name = name.translate({ord(mark): None for mark in '".\\'}).partition("+")[0]
    return f"{name}@{_ascii(domain)}" if name else ""


def _ascii(domain: str) -> str:
    """As e-mails are sent: `bücher.example` is `xn--bcher-kva.example`."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain
