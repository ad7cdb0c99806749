"""Protections against what comes from outside: junk messages, certificates, sessions, time limits and outages."""

from typing import Final

from tests.simulation.protections.protection import Protection

_MESSAGING = "tests/messaging"

OUTSIDE: Final = (
    Protection(
        name="whatever JSON raises, the bytes are kept",
        module="messaging.broker.tolerance",
        code='    except Exception as error:\n        raise Unreadable(f"no JSON',
        without='    except ValueError as error:\n        raise Unreadable(f"no JSON',
        test=f"{_MESSAGING}/test_tolerance.py::test_what_is_no_bounded_json_is_unreadable",
    ),
    Protection(
        name="a message on which Celery fails is rejected",
        module="messaging.worker.message_guard",
        code="            except Exception as error:\n                # kombu",
        without="            except Refused as error:\n                # kombu",
        test=f"{_MESSAGING}/worker/test_message_guard.py::test_a_message_on_which_celery_fails_is_rejected",
    ),
    Protection(
        name="a revoked message is filed as dead",
        module="messaging.worker.request",
        code="            self._as_current(self._bury_revoked, reason)\n",
        without="            pass\n",
        test=f"{_MESSAGING}/worker/test_revocation.py::test_a_message_revoked_before_it_starts_is_dead",
    ),
    Protection(
        name="what fails in a read-only session spends no attempt",
        module="messaging.worker.outage",
        code="        if is_read_only(cause):\n            return True\n",
        without="",
        needs="postgresql",
        test=f"{_MESSAGING}/worker/test_outages.py"
        "::test_a_task_in_a_read_only_session_spends_no_attempt_although_its_failure_could_be_recorded",
    ),
    Protection(
        name="a read-only session is dropped",
        module="messaging.broker.database",
        code='            context["connection"].close()\n',
        without="            pass\n",
        needs="postgresql",
        test=f"{_MESSAGING}/test_database.py::test_a_read_only_session_is_dropped_at_the_first_refused_write",
    ),
    Protection(
        name="health asks for a session that may write",
        module="messaging.broker.database",
        code="    connection.is_usable = partial(_is_writable, connection)\n",
        without="",
        needs="postgresql",
        test=f"{_MESSAGING}/test_database.py::test_the_health_check_before_a_request_drops_a_read_only_session",
    ),
    Protection(
        name="a pooler in transaction mode is refused",
        module="messaging.broker.database",
        code="            if _is_shared(connection):\n",
        without="            if False:\n",
        needs="postgresql",
        test=f"{_MESSAGING}/test_database.py::test_a_pooler_in_transaction_mode_is_refused_each_time",
    ),
    Protection(
        name="the broker's certificate is checked unless the URL says otherwise",
        module="messaging.broker.tls",
        code='given.pop("cert_reqs", "required")',
        without='given.pop("cert_reqs", "none")',
        test=f"{_MESSAGING}/broker/test_tls.py::test_an_unknown_authority_is_refused",
    ),
    Protection(
        name="beat needs no file",
        module="messaging.broker.settings",
        code='"beat_scheduler": "messaging.scheduler:LedgerScheduler"',
        without='"beat_scheduler": "celery.beat:PersistentScheduler"',
        test=f"{_MESSAGING}/test_beat.py"
        "::test_beat_starts_whatever_is_at_the_path_of_a_schedule_file_and_without_a_broker",
    ),
    Protection(
        name="two beats enqueue one tick",
        module="messaging.scheduler",
        code="if not claim() or Message",
        without="if Message",
        test=f"{_MESSAGING}/test_beat.py"
        "::test_a_tick_is_enqueued_once_by_two_beats_and_its_message_may_be_done_in_between",
    ),
    Protection(
        name="our own time limit is no outage",
        module="messaging.circuit_breaker",
        code="    if soft_limit_behind(error):\n        return None\n",
        without="",
        test=f"{_MESSAGING}/circuit_breaker/test_guard.py::test_our_own_time_limit_does_not_count_as_an_outage",
    ),
    Protection(
        name="a time limit is not swallowed by the audit",
        module="messaging.invariants.periodic",
        code="    except (SoftTimeLimitExceeded, OperationalError, InterfaceError):\n",
        without="    except (OperationalError, InterfaceError):\n",
        test=f"{_MESSAGING}/test_audit_slices.py::test_a_soft_time_limit_in_a_check_ends_the_slice",
    ),
    Protection(
        name="an alert is sent again until it was sent",
        module="messaging.operations.tasks",
        code="@reliable_task(SendAlert, autoretry_for=(Exception,), max_retries=_ALERT_RETRIES)",
        without="@reliable_task(SendAlert)",
        test=f"{_MESSAGING}/operations/test_alerts.py::test_a_mail_server_that_fails_or_hangs_loses_no_alert",
    ),
)
