"""Protections against somebody else on the broker, who knows the id and the headers of a message in flight."""

from typing import Final

from tests.simulation.protections.protection import Protection

_FORGERIES = "tests/messaging/worker/test_forgeries.py"

FORGERIES: Final = (
    Protection(
        name="what no relay has signed is compared with the ledger",
        module="messaging.worker.task",
        code='(origin.get("is_unsigned") and not self._is_in_ledger(kwargs, version=origin["version"]))',
        without="False",
        test=f"{_FORGERIES}::test_another_payload_has_no_effect_and_the_message_is_still_in_flight",
    ),
    Protection(
        name="a copy that no relay has signed is done if it is the ledger's",
        module="messaging.worker.task",
        code="known.first() == (self.name, data, version)",
        without="False",
        test=f"{_FORGERIES}::test_a_copy_by_a_relay_that_does_not_sign_is_run",
    ),
    Protection(
        name="a signature is checked",
        module="messaging.worker.admission",
        code='not constant_time_compare(repr(origin.get("signature")), repr(signature))',
        without='not (origin.get("signature") and signature)',
        test=f"{_FORGERIES}::test_another_payload_has_no_effect_and_the_message_is_still_in_flight",
    ),
    Protection(
        name="a signature of any kind is checked without an error",
        module="messaging.worker.admission",
        code='repr(origin.get("signature")), repr(signature)',
        without='origin.get("signature"), signature',
        test=f"{_FORGERIES}::test_a_signature_of_any_kind_is_checked_without_an_error",
    ),
    Protection(
        name="a signature is of the body",
        module="messaging.broker.signature",
        code=" + content\n",
        without="\n",
        test=f"{_FORGERIES}::test_another_payload_has_no_effect_and_the_message_is_still_in_flight",
    ),
    Protection(
        name="a signature is of the task",
        module="messaging.broker.signature",
        code="repr(headers)",
        without="repr(headers[:1] + headers[2:])",
        test=f"{_FORGERIES}::test_another_task_has_no_effect_and_the_message_is_still_in_flight",
    ),
    Protection(
        name="a signature is of the number of the send",
        module="messaging.broker.signature",
        code="repr(headers)",
        without="repr(headers[:2])",
        test=f"{_FORGERIES}::test_another_version_or_number_of_the_send_changes_nothing",
    ),
    Protection(
        name="a signature needs the key",
        module="messaging.broker.signature",
        code="{settings.SECRET_KEY}",
        without="{settings.LANGUAGE_CODE}",
        test=f"{_FORGERIES}::test_the_signature_needs_the_key",
    ),
    Protection(
        name="what no relay has signed is not given back",
        module="messaging.worker.request",
        code='        if not origin or origin.get("is_unsigned"):\n',
        without="        if not origin:\n",
        test="tests/messaging/worker/test_lost_broker.py::test_what_no_relay_has_sent_or_signed_touches_no_message",
    ),
    Protection(
        name="a damaged copy does not make its message dead",
        module="messaging.relay.dead_letters",
        code='if kind == "DeliveryLimit":',
        without='if kind in ("DeliveryLimit", "UndecodableMessage"):',
        test="tests/messaging/relay/test_dead_letters.py"
        "::test_of_a_damaged_copy_the_message_in_the_ledger_is_sent_again",
    ),
)
