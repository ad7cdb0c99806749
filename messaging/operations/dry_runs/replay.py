"""Replay of outside calls: a dry run gets the answers that were recorded of an attempt."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from messaging.recording.outside import Call


class AnswerMissing(BaseException):
    """A dry run needs an answer that was not recorded. Not an `Exception`: no task may catch it.

    `instead` is what was recorded in its place, such as the name of an error; empty if the question is a new one.
    """

    def __init__(self, call: Call, *, instead: str = "") -> None:
        self.system, self.operation, self.instead = call.system, call.operation, instead
        super().__init__(call.system, call.operation)


class Replay:
    """Gives the recorded answers of one attempt, in their order; the last one to the same question again.

    `withheld` describes what would have left the process, such as an e-mail.
    """

    def __init__(self, exchanges: Sequence[Mapping[str, Any]]) -> None:
        self.withheld: list[str] = []
        self._left: dict[str, list[Mapping[str, Any]]] = {}
        for exchange in exchanges:
            key = _key(exchange["system"], exchange["operation"], exchange["request"])
            self._left.setdefault(key, []).append(exchange)

    def withhold(self, what: str) -> None:
        self.withheld.append(what)

    def answer(self, call: Call) -> Any:
        """The recorded answer. Raises the recorded error, and `AnswerMissing`."""
        recorded = self._left.get(_key(call.system, call.operation, call.request))
        if not recorded:
            raise AnswerMissing(call)
        exchange = recorded.pop(0) if len(recorded) > 1 else recorded[0]
        if "answer" not in exchange:
            raise self._error(call, exchange)
        try:
            return call.answers.validate_json(json.dumps(exchange["answer"]))
        except ValueError:
            raise AnswerMissing(call, instead="an answer of another form") from None

    def _error(self, call: Call, exchange: Mapping[str, Any]) -> BaseException:
        """The system's error; an error of the client itself, or an answer that was not kept, is not an answer."""
        known = {error.__name__: error for error in call.errors}
        try:
            return known[exchange["error"]](*exchange["arguments"])
        except (KeyError, TypeError):
            return AnswerMissing(call, instead=exchange.get("error") or exchange.get("not_kept", ""))


def _key(system: str, operation: str, request: Mapping[str, Any]) -> str:
    return json.dumps([system, operation, request], sort_keys=True)
