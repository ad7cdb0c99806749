"""Protections against what comes from outside: junk messages, certificates, sessions, time limits and outages."""

from typing import Final

from tests.simulation.protections.protection import Protection

_MESSAGING = "tests/messaging"

OUTSIDE: Final = (
    Protection(
        name="whatever JSON raises, the bytes are kept",
        module="messaging.broker.tolerance",
        code="    except Exception as error:\n        raise (error if isinstance(error, Unreadable)",
        without="    except ValueError as error:\n        raise (error if isinstance(error, Unreadable)",
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
        code="            self._as_current(self._bury_revoked, REVOKED.get(reason, reason))\n",
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
        name="our own time limit is not an outage",
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
    Protection(
        name="a paused queue is not reported as a stopped relay",
        module="messaging.operations.alerts",
        code="if paused_until.get(queue, now - 2 * silence) < now - silence\n        and ",
        without="if ",
        test=f"{_MESSAGING}/operations/test_relay_alert.py"
        "::test_a_paused_queue_is_not_reported_nor_is_one_that_was_resumed_lately",
    ),
    Protection(
        name="the audit does not take the messages of a paused queue for late",
        module="messaging.invariants.of_messages",
        code=" and lane.queue not in paused]",
        without="]",
        test=f"{_MESSAGING}/test_pauses.py::test_the_audit_excludes_paused_queues",
    ),
    Protection(
        name="a paused queue has no oldest due message in the metrics",
        module="messaging.telemetry.gauges",
        code="None if queue in paused else pending[queue].oldest",
        without="pending[queue].oldest",
        test="tests/shop/health/test_health.py::test_a_paused_queue_is_not_reported_as_overdue",
    ),
    Protection(
        name="a silent beat is a violation",
        module="messaging.invariants.of_messages",
        code="    if since := scheduler.silent_since():\n",
        without="    if (since := scheduler.silent_since()) and not since:\n",
        test=f"{_MESSAGING}/test_beat.py::test_a_silent_beat_is_seen_in_readiness_and_audit",
    ),
    Protection(
        name="each character of a text is read once while it is masked",
        module="messaging.operations.privacy.masking",
        code=r"[\w.+'-]++(@[\w-]+(?:\.[\w-]+)*\.\w{2,})?",
        without=r"[\w.+'-]+(@[\w-]+(?:\.[\w-]+)*\.\w{2,})",
        test=f"{_MESSAGING}/operations/privacy/test_masking.py::test_masking_takes_linear_time",
    ),
    Protection(
        name="what is masked has a bound",
        module="messaging.operations.privacy.masking",
        code="    if missing <= 2 * _MARGIN:\n",
        without="    if True:\n",
        test=f"{_MESSAGING}/operations/privacy/test_masking.py::test_a_long_text_is_cut_in_the_middle_and_says_so",
    ),
    Protection(
        name="the options of TLS are taken out of the broker's URL",
        module="messaging.broker.tls",
        code="urlencode(query)).geturl() if given else broker_url",
        without="urlencode(query)).geturl() if not given else broker_url",
        test=f"{_MESSAGING}/broker/test_tls.py::test_other_options_stay_in_the_url",
    ),
    Protection(
        name="a broker that has become a replica is named",
        module="messaging.broker.refusals",
        code='    r"read only replica|',
        without='    r"no such text|',
        test=f"{_MESSAGING}/broker/test_refusals.py::test_a_replica_says_to_wait_for_the_end_of_the_failover",
    ),
    Protection(
        name="a worker waits for a broker that refuses what it does",
        module="messaging.worker.consumer",
        code="            except Exception as error:\n                state",
        without="            except OSError as error:\n                state",
        test=f"{_MESSAGING}/broker/test_refusals.py::test_a_worker_waits_for_the_end_of_the_failover",
    ),
    Protection(
        name="a worker that a replica interrupts does not end",
        module="messaging.broker.settings",
        code='"broker_channel_error_retry": True',
        without='"broker_channel_error_retry": False',
        test="tests/flows/test_broker_refusals.py::test_a_broker_that_becomes_a_replica",
    ),
    Protection(
        name="a queue with other arguments is named with what differs",
        module="messaging.broker.refusals",
        code="inequivalent arg '(?P<argument>",
        without="no such text '(?P<argument>",
        test=f"{_MESSAGING}/broker/test_refusals.py::test_a_queue_with_other_arguments_is_named_with_what_differs",
        needs="rabbitmq",
    ),
    Protection(
        name="the embedded broker's files are watched",
        module="config.embedded_broker",
        code="            if seen - present:\n",
        without="            if False:\n",
        test="tests/config/test_embedded_broker.py"
        "::test_the_launcher_notices_that_a_file_or_the_folder_of_its_server_was_deleted",
    ),
    Protection(
        name="the embedded broker's address is kept",
        module="config.embedded_broker",
        code="    if path.exists() and (url := path.read_text().strip()):\n",
        without="    if not path.exists() and (url := path.read_text().strip()):\n",
        test="tests/config/test_embedded_broker.py::test_the_address_is_generated_once_and_readable_by_its_owner_only",
    ),
    Protection(
        name="the embedded broker's password can be read by its owner only",
        module="config.private_files",
        code="os.O_TRUNC, 0o600)",
        without="os.O_TRUNC, 0o644)",
        test="tests/config/test_embedded_broker.py::test_the_address_is_generated_once_and_readable_by_its_owner_only",
    ),
)
