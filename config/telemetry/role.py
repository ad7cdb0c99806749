"""The role of this process, by its command line: `web`, `relay`, `worker-payments`, `beat`, or a command's name."""

import sys
from collections.abc import Sequence
from pathlib import Path


def role(arguments: Sequence[str] | None = None) -> str:
    """`arguments` are a command line, by default this process's own."""
    program, *words = sys.argv if arguments is None else arguments
    name = Path(program).stem
    if name == "__main__":  # python -m PACKAGE
        name = Path(program).parent.name
    if name == "celery":
        command = next((word for word in words if word in {"worker", "beat"}), name)
        return f"worker-{_host(words)}".rstrip("-") if command == "worker" else command
    if name in {"manage", "django-admin", "django"}:
        return next((word for word in words if not word.startswith("-")), name)
    return "web" if name in {"serve", "granian", "gunicorn", "uwsgi", "waitress-serve"} else name


def _host(words: Sequence[str]) -> str:
    """The name before the @ in a worker's `--hostname`; empty without one."""
    for option, value in zip(words, [*words[1:], ""], strict=True):
        if option in {"--hostname", "-n"}:
            return value.partition("@")[0]
        if option.startswith("--hostname="):
            return option.partition("=")[2].partition("@")[0]
    return ""
