"""How often clients may do what. A legitimate shopper meets none of these limits, even with three declined cards.

Each door counts in the order given here and stops at the first refusal, so that a client who is refused makes no
further keys: the counters are at most as many as clients times what each may do. `CONVEYOR_LIMITS` scales them all.
"""

from dataclasses import dataclass

from django.conf import settings

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` within a window of `seconds`."""

    count: int
    seconds: int

    @property
    def allowed(self) -> int:
        """`count`, as this deployment scales it."""
        return max(1, int(self.count * settings.CONVEYOR_LIMITS))


@dataclass(frozen=True, slots=True)
class Door:
    """Something that clients do, with a limit for each thing that is counted. `name` is part of the counters' keys."""

    name: str
    limits: dict[str, Limit]


#: A guest's first item, which makes rows that stay as long as a session. Far more than share a network.
GUEST_BASKET = Door("guest-basket", {"client": Limit(1000, _HOUR)})
#: `network` is that of all accounts in one network together: who registers more of them cannot order more.
ORDER = Door("order", {"client": Limit(20, _HOUR), "network": Limit(100, _HOUR)})
#: An order e-mails whoever it names.
ORDER_EMAIL = Door("order", {"email": Limit(5, _HOUR)})
#: Counted for half an hour, paid or not: so a client cannot hold more than this unpaid, except during an outage.
PIECES = Door("pieces", {"client": Limit(200, 30 * _MINUTE), "network": Limit(1000, 30 * _MINUTE)})
PAYMENT = Door("payment", {"client": Limit(15, _HOUR), "network": Limit(75, _HOUR), "order": Limit(5, _HOUR)})
#: Of all accounts together. django-axes counts wrong passwords for one account and client.
SIGN_IN = Door("sign-in", {"client": Limit(50, 15 * _MINUTE)})
#: The answer says whether an address has an account: too few tries to find out who has one.
REGISTRATION = Door("registration", {"client": Limit(10, _HOUR)})
PASSWORD_RESET = Door("password-reset", {"client": Limit(10, _HOUR)})
PASSWORD_RESET_EMAIL = Door("password-reset", {"account": Limit(5, _HOUR)})
#: Pages that ask somebody who is signed in for the password. `seat` is an account on a client.
PASSWORD = Door("password", {"seat": Limit(10, 15 * _MINUTE)})
EMAIL_CHANGE = Door("email-change", {"account": Limit(5, _HOUR), "email": Limit(5, _HOUR)})
#: A return e-mails the order's shopper, also if it is cancelled and requested again.
RETURN = Door("return", {"client": Limit(20, _HOUR), "order": Limit(10, _HOUR)})
#: Finding an order as a guest. Too few tries to guess a number or an e-mail address of somebody else's order.
FIND_ORDER = Door("find-order", {"client": Limit(20, _HOUR), "number": Limit(10, _HOUR), "email": Limit(10, _HOUR)})
