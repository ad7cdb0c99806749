"""Topology: routing keys, bindings, and queue arguments that RabbitMQ accepts."""

import pytest

from messaging.topology import Priority, Topology, UnroutableKey

NAMES = {
    "exchange": "x",
    "dead_letter_exchange": "x.dead",
    "queues": {"payments": "payment.#", "shipping": "shipment.#"},
}


def test_the_noun_of_a_routing_key_selects_the_queue():
    assert Topology(**NAMES).queue_for("payment.charge.high") == "payments"
    assert Topology(**NAMES).queue_for("shipment.create.low") == "shipping"


def test_an_unroutable_key_is_refused_with_the_bindings():
    with pytest.raises(UnroutableKey, match=r"payment\.#, shipment\.#"):
        Topology(**NAMES).queue_for("invoice.print.low")


def test_classic_queues_have_priorities_and_dead_letters():
    queue = Topology(**NAMES).kombu_queues()[0]
    assert queue.queue_arguments == {
        "x-dead-letter-exchange": "x.dead",
        "x-dead-letter-routing-key": "payments",
        "x-max-priority": 9,
    }


def test_quorum_queues_have_a_delivery_limit_and_no_priorities():
    arguments = Topology(**NAMES, queue_type="quorum", delivery_limit=3).kombu_queues()[0].queue_arguments
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-delivery-limit"] == 3
    assert "x-max-priority" not in arguments


def test_each_queue_has_its_dead_letter_queue():
    dead = Topology(**NAMES).kombu_dead_letter_queues()
    assert [(queue.name, queue.routing_key) for queue in dead] == [
        ("payments.dead", "payments"),
        ("shipping.dead", "shipping"),
    ]


def test_a_priority_has_a_suffix_and_a_number():
    assert [(p.routing_key("x"), p.value) for p in Priority] == [("x.low", 1), ("x.normal", 5), ("x.high", 9)]
