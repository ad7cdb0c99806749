"""Examples of the desk's requests and responses, by the name of their schema, and of problem documents by status."""

from functools import cache
from typing import Any, Final

from django.utils.translation import override

from messaging.operations.api.problems import Problem, conflict, invalid

_ID: Final = "01932f7c-5b1e-7c3a-9d52-1f0c8a7b6e4d"
_GROUP: Final = "5f2b9c1de07a"
_STEP: Final = {
    "text": "The payment gateway could not be reached. Retry once it answers again.",
    "action": "retry",
}
_ERROR: Final = {"type": "payments.gateways.base.GatewayUnavailable", "message": "The gateway did not answer in time."}
_REASON: Final = "The gateway answers again."

EXAMPLES: Final[dict[str, Any]] = {
    "ReasonIn": {"reason": "The gateway's maintenance until 14:00 UTC."},
    "OptionalReasonIn": {"reason": _REASON},
    "RetryIn": {"reason": _REASON, "confirm_quarantined": False},
    "NoteIn": {"note": "Reported to the gateway."},
    "EditIn": {"payload": {"payment_id": _ID}, "reason": "The payment was merged.", "attempts": 5},
    "BulkRetryIn": {"queue": "payments", "since": "2026-11-27T08:00:00Z", "reason": _REASON},
    "PaceIn": {"rate": 50, "canary": 20, "stop_ratio": 0.2, "reason": _REASON},
    "FailedTask": {
        "id": _ID,
        "state": "dead",
        "task": "payments.charge_payment",
        "queue": "payments",
        "routing_key": "payment.charge.normal",
        "priority": 5,
        "subject": "CV-100234",
        "error": _ERROR,
        "attempts": 5,
        "failed_at": "2026-11-27T08:14:03.120000Z",
        "group": _GROUP,
        "next_step": _STEP,
        "quarantined": False,
        "revivals": 0,
        "payload": {"payment_id": "01932f7c-4a10-7b21-8c44-6d5e0f9a3b17"},
    },
    "RevealedPayload": {"payload": {"payment_id": "01932f7c-4a10-7b21-8c44-6d5e0f9a3b17"}},
    "DryRun": {
        "verdict": "completes",
        "summary": "It would complete, and enqueue 1 message.",
        "seconds": 0.042,
        "enqueued": [{"task": "shipping.create_shipment", "subject": "CV-100234", "payload": {"order_id": 100234}}],
        "withheld": [],
        "error": {"type": "", "message": ""},
        "traceback": "",
        "log": "",
    },
    "FailureGroup": {
        "id": _GROUP,
        "state": "open",
        "task": "payments.charge_payment",
        "queue": "payments",
        "error": _ERROR,
        "dead": 17,
        "failures": 23,
        "first_seen": "2026-11-27T08:02:41Z",
        "last_seen": "2026-11-27T08:14:03Z",
        "note": "",
        "runbook": "",
        "next_step": _STEP,
    },
    "BulkRetry": {
        "id": "01932f80-77c2-7e05-b1a9-3c2d4e5f6071",
        "state": "running",
        "chosen": {"queue": "payments"},
        "actor": "operator",
        "reason": _REASON,
        "rate": 50,
        "canary": 20,
        "stop_ratio": 0.2,
        "will_go": 17,
        "skipped": {"quarantined": 1},
        "waiting": 5,
        "sent": 2,
        "succeeded": 10,
        "failed_again": 0,
        "cancelled": 0,
        "percent": 58,
        "seconds_left": 1,
        "why_stopped": "",
        "created_at": "2026-11-27T09:00:00Z",
        "started_at": "2026-11-27T09:01:00Z",
        "finished_at": None,
        "warnings": [],
    },
    "BulkItem": {
        "position": 1,
        "message_id": _ID,
        "task": "payments.charge_payment",
        "queue": "payments",
        "subject": "CV-100234",
        "verdict": "will_go",
        "reason": "",
        "detail": "",
        "outcome": "succeeded",
        "at": "2026-11-27T09:01:02Z",
        "error_type": "",
    },
    "Queue": {
        "name": "payments",
        "depth": 12,
        "consumers": 2,
        "oldest_seconds": 1.8,
        "dead": 17,
        "paused": False,
        "in_flight": 14,
        "in_flight_limit": 1000,
        "waiting": 0,
        "drained_in_seconds": 2.5,
        "refusal": "",
    },
    "Circuit": {
        "name": "gateway.stripe",
        "state": "open",
        "since": "2026-11-27T08:02:41Z",
        "waiting": 31,
        "probe_at": "2026-11-27T08:14:51Z",
        "last_error": "The gateway did not answer in time.",
    },
}


def add_to(document: dict[str, Any], examples: dict[str, Any]) -> None:
    """Give every body in an OpenAPI `document` the example of its schema, and every problem that of its status."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                _add(media, examples)
            for status, response in operation["responses"].items():
                for media in response.get("content", {}).values():
                    _add(media, examples, status=int(status))


def _add(media: dict[str, Any], examples: dict[str, Any], *, status: int = 200) -> None:
    name = media["schema"].get("$ref", "").rpartition("/")[2]
    of_list = name.removeprefix("Paginated").removesuffix("List")
    if name == "Problem":
        media["example"] = _problems()[status]
    elif name in examples:
        media["example"] = examples[name]
    elif of_list in examples:
        media["example"] = {"count": 1, "next": None, "previous": None, "results": [examples[of_list]]}


@cache
def _problems() -> dict[int, Any]:
    """An example for each status, in English as the rest of the document is."""
    with override("en"):
        examples = (
            invalid({"reason": ["This field is required."]}),
            Problem(401, detail="Invalid token."),
            Problem(403, detail="You do not have permission to perform this action."),
            Problem(404, detail="Not found."),
            Problem(406, detail="Could not satisfy the request Accept header."),
            conflict("not-dead", "Nothing was changed: it is not dead any more."),
            Problem(413, detail="The body is larger than 1 MiB."),
            Problem(415, detail='Unsupported media type "text/plain" in request.'),
            Problem(422, kind="key-reused", detail="This Idempotency-Key was already used for a different request."),
            Problem(429, detail="Too many requests. Try again in 60 seconds."),
        )
        return {example.status: example.document() for example in examples}
