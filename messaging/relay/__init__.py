"""How do ledger rows become Celery messages, and how do lost ones come back?"""

from messaging.relay.loop import Relay

__all__ = ["Relay"]
