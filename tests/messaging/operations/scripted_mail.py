"""A mail server that fails as scripted, then accepts."""

from typing import Any

from django.core.mail.backends.locmem import EmailBackend as Memory

#: Errors of the next attempts, in order.
script: list[BaseException] = []
timeouts: list[Any] = []


class EmailBackend(Memory):
    def __init__(self, *args: Any, timeout: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        timeouts.append(timeout)

    def send_messages(self, messages: Any) -> int:
        if script:
            raise script.pop(0)
        return super().send_messages(messages)
