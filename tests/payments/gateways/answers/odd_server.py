"""Fake Stripe server whose answers are not as documented."""

import copy
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.payments.gateways.stripe_server import Answer, StripeServer


@dataclass
class OddServer(StripeServer):
    """`bodies` are the next answers, whatever is asked; `change` alters the others."""

    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    change: Callable[[Any], Any] = lambda answer: answer

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        status, body = answer.status, json.dumps(self.change(copy.deepcopy(answer.body))).encode()
        if self.bodies:
            status, body = self.bodies.pop()
        handler.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
