"""A reader of the course: types each command of a page, in its order, and buys in between."""

import json
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.guides.guide import Copy
from tests.guides.pages import commands
from tests.patience import wait_for
from tests.stack.api import request
from tests.stack.program import Conversation
from tests.stack.stack import order_body

MANAGE = ".venv/bin/python manage.py "
PORT = "8000"
#: What the commands of a page begin with.
TYPED = ("make ", MANAGE, "export ", "curl ", "rm -r ")


class Reader:
    """Works in a copy of the tree, with `make run` in one terminal and commands in another."""

    def __init__(self, tree: Copy, **environment: str) -> None:
        self.tree, self._left = tree, list[str]()
        self._own = environment
        self._terminal: Conversation | None = None
        tree.env |= environment

    @contextmanager
    def reading(self, page: str) -> Iterator[None]:
        """Nothing of the page is left at the end of this block."""
        self._left = commands(page)
        yield
        assert self._left == []

    def opens_terminal(self) -> None:
        """A new one: its process knows the apps that are installed now, and the settings of the page."""
        self.leaves()
        of_run = {"PORT", *self._own}
        env = {name: value for name, value in self.tree.embedded().items() if name not in of_run}
        env["DJANGO_SETTINGS_MODULE"] = "config.settings"
        log = self.tree.folder / "var" / "terminal.log"
        log.parent.mkdir(exist_ok=True)
        self._terminal = Conversation("tests.guides.terminal", env=env, log=log, cwd=self.tree.folder)

    def leaves(self) -> None:
        if self._terminal:
            self._terminal.end()

    def types(self, command: str, *, code: int = 0, **values: str) -> str:
        """Output of the page's next command, with words such as ID replaced."""
        assert self._left.pop(0) == command
        for word, value in values.items():
            command = command.replace(word, value)
        program, _, rest = command.partition(" ")
        if program == "export":
            self.tree.env |= dict(word.split("=", 1) for word in shlex.split(rest))
        elif program == "rm":
            shutil.rmtree(self.tree.folder / rest.removeprefix("-r "))
        elif program == "curl":
            return str(request("GET", rest.replace(f":{PORT}/", f":{self.tree.port}/")))
        else:
            return self._runs(command, code)
        return ""

    def starts(self) -> None:
        """`make run`, after Ctrl-C if the shop is running."""
        assert self._left.pop(0) == "make run"
        self.tree.stop()
        self.tree.start()
        self.opens_terminal()

    def buys(self, **choices: str) -> Any:
        products = self._api("GET", "products/")["results"]
        most = max(products, key=lambda product: product["stock"])
        return self._api("POST", "orders/", json=order_body(most["sku"], **choices))

    def sees(self, order: dict[str, Any], *statuses: str) -> None:
        wait_for(lambda: self._api("GET", f"orders/{order['public_id']}/")["status"] in statuses, what=f"{statuses}")

    def finds_dead(self, order: dict[str, Any]) -> str:
        """The ID of the order's dead letter, once there is one."""

        def listed() -> Any:
            return self.tree.api(f"failed-tasks/?subject={order['number']}")["results"]

        wait_for(listed, what="the dead letter is listed")
        return str(listed()[0]["id"])

    def waits_for(self, command: str) -> None:
        """Until this `manage.py` command succeeds, which is not one of the page."""
        wait_for(lambda: self._asks(command)[0] == 0, what=command)

    def _runs(self, command: str, code: int) -> str:
        if command.startswith("make check-lesson N="):
            command = f"{MANAGE}checklesson {command[-1]}"
        assert command.startswith(MANAGE), command
        returned, output = self._asks(command.removeprefix(MANAGE))
        assert returned == code, f"{command}\n{output}"
        return output

    def _asks(self, command: str) -> tuple[int, str]:
        if self._terminal is None:
            self.opens_terminal()
        assert self._terminal is not None
        code, output = json.loads(self._terminal.ask(json.dumps(shlex.split(command))))
        return int(code), str(output)

    def _api(self, method: str, path: str, **options: Any) -> Any:
        status, answer = request(method, f"http://127.0.0.1:{self.tree.port}/api/v1/{path}", **options)
        assert status in (200, 201), answer
        return answer
