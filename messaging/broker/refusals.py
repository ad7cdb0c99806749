"""Refusals: what a broker says no to, in one sentence that names what differs and what to do."""

import re

#: Text of the broker, its client or the TLS library, and the sentence for it. Named groups fill the sentence.
_SENTENCES = {
    r"inequivalent arg '(?P<argument>[^']+)' for (?P<what>\w+ '[^']+').*received (?P<here>.+) but current is (?P<there>.+)": (  # noqa: E501
        "{what} exists at the broker with {argument}: {there}, but this configuration declares {here}; set QUEUE_TYPE "
        "and CONVEYOR_RETRY_MAX_ATTEMPTS as they were, or delete it there once it is empty, or use another virtual host"
    ),
    r"exclusive access to locked (?P<queue>queue '[^']+')": (
        "{queue} is exclusive to another connection; close that one, or use another virtual host or --hostname"
    ),
    r"certificate verify failed: (?P<why>.+?)\.? \(_ssl": (
        "the broker's certificate is not trusted ({why}); set BROKER_CA_CERTS to the CA that issued it, "
        "and use in BROKER_URL the host name that it was issued for"
    ),
    r"ACCESS_REFUSED - Login|invalid (username|password)|Authentication required|called without any password": (
        "the broker refuses the user name or password; correct them in BROKER_URL"
    ),
    r"(ACCESS_REFUSED - |(?=\w+ user .*has no permissions))(?P<why>.+)": (
        "the broker denies access: {why}; grant it, or use another user in BROKER_URL"
    ),
    r"vhost '?(?P<name>[^' ]+)'? not found": "the broker has no virtual host {name}; create it, or correct BROKER_URL",
    r"access to vhost '(?P<name>[^']+)' refused": (
        "the broker denies this user the virtual host {name}; grant it, or correct BROKER_URL"
    ),
    r"(PRECONDITION_FAILED|NOT_FOUND) - (?P<why>.+)": (
        "the broker refuses it: {why}; correct it there, or use another virtual host"
    ),
    r"MISCONF|used memory > 'maxmemory'": "the broker takes no writes: its disk or memory is full; make room there",
    r"read only replica|instance state changed": (
        "the broker is a read-only replica; wait for the end of the failover, or name the primary in BROKER_URL"
    ),
}


def refusal(error: BaseException) -> str:
    """One sentence without a full stop; empty if the broker refused nothing, such as when it is unreachable."""
    for pattern, sentence in _SENTENCES.items():
        if found := re.search(pattern, str(error), re.DOTALL):
            return sentence.format(**found.groupdict())
    return ""


def explain(error: BaseException) -> str:
    return refusal(error) or f"cannot reach the broker: {str(error).strip() or type(error).__name__}"
