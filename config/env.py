"""Which environment variables does Conveyor read, and which values does it accept?

A wrong value stops the start with a sentence that names the variable.
"""

import os
import secrets
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def var_dir() -> Path:
    """The folder for what a run leaves behind: embedded database, broker data, mail, logs."""
    folder = Path(os.environ.get("CONVEYOR_VAR") or BASE_DIR / "var").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def needed(name: str, *, by: str, when: bool) -> str:
    """A text that must be set `when` another setting wants it; `by` names that setting."""
    value = text(name)
    if when and not value:
        raise ImproperlyConfigured(f"{by} needs {name}; set it.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in _TRUE:
        return True
    if value.strip().lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; set it to 1 or 0.")


def number(name: str, *, default: float, minimum: float, maximum: float = 10**9) -> float:
    """A number within bounds; seconds for every variable that is a time."""
    value = text(name)
    if not value:
        return default
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to a number, such as {default:g}.") from None
    if not minimum <= parsed <= maximum:
        raise ImproperlyConfigured(f"{name} is {value}; set it to a number from {minimum:g} to {maximum:g}.")
    return parsed


def integer(name: str, *, default: int, minimum: int, maximum: int = 10**9) -> int:
    parsed = number(name, default=default, minimum=minimum, maximum=maximum)
    if parsed != int(parsed):
        raise ImproperlyConfigured(f"{name} is {text(name)}; set it to a whole number, such as {default}.")
    return int(parsed)


def choice(name: str, options: tuple[str, ...]) -> str:
    """One of `options`; the first is the default."""
    value = text(name) or options[0]
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to one of: {', '.join(options)}.")
    return value


def secrets_by_name(name: str) -> dict[str, str]:
    """`one=secret,two=another` as a dictionary; names in small letters."""
    pairs = [pair.partition("=") for pair in text(name).split(",") if pair]
    if not all(who.strip() and secret.strip() for who, _sign, secret in pairs):
        raise ImproperlyConfigured(f"{name} is not understood; set it to name=secret, with commas between several.")
    return {who.strip().lower(): secret.strip() for who, _sign, secret in pairs}


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed in. `host` is empty where none is named."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def mail_server() -> MailServer:
    """`EMAIL_URL`: `smtp://` in the clear, `smtp+tls://` with STARTTLS, `smtp+ssl://` with TLS from the first byte."""
    url = text("EMAIL_URL")
    if not url:
        return MailServer()
    ports = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
    try:
        parts = urlsplit(url)
        known = parts.scheme in ports and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ImproperlyConfigured(
            "EMAIL_URL is not an address of a mail server; set it to smtp+tls://user:password@host:587, with smtp:// "
            "in the clear and smtp+ssl:// for TLS from the first byte, or leave it out."
        )
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or ports[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtp+ssl",
    )


def broker_url() -> str:
    """`BROKER_URL`, or the embedded Valkey server's address, which it leaves under `var/` when it is first set up."""
    url = text("BROKER_URL")
    if not url:
        address = var_dir() / "valkey.url"
        return address.read_text().strip() if address.exists() else "redis://127.0.0.1:6399/0"
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"amqp", "amqps", "redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ImproperlyConfigured(
            "BROKER_URL is not an address of a broker; set it to amqp://user:password@host:5672/vhost (RabbitMQ) "
            "or redis://host:6379/0 (Valkey), or leave it out for the embedded broker."
        )
    return url


def database(url: str | None = None) -> dict[str, object]:
    """Django's settings for `url`, by default `DATABASE_URL`, or for the embedded SQLite file."""
    url = text("DATABASE_URL") if url is None else url
    if not url:
        return _sqlite(str(var_dir() / "conveyor.sqlite3"))
    try:
        with warnings.catch_warnings(action="ignore"):  # the sentence below says more
            parsed = dict(env.db_url_config(url))
    except Exception:
        parsed = {}
    engine = str(parsed.get("ENGINE", ""))
    if engine.endswith("sqlite3"):
        return _sqlite(str(parsed["NAME"]))
    if engine.endswith("postgresql") and parsed.get("NAME"):
        return _postgresql(parsed)
    raise ImproperlyConfigured(
        "DATABASE_URL is not an address of a database; set it to postgres://user:password@host:5432/name "
        "or sqlite:////path/to/file, or leave it out for the embedded database."
    )


def _sqlite(name: str) -> dict[str, object]:
    """WAL lets readers go on beside the writer; IMMEDIATE takes the write lock first, so that it is waited for."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def _postgresql(parsed: dict[str, object]) -> dict[str, object]:
    """Connections are kept, and checked before use; a server that hangs is given up in bounded time."""
    query = parsed.get("OPTIONS")
    extra = {k: v for k, v in query.items() if k != "pool"} if isinstance(query, dict) else {}
    return parsed | {
        "OPTIONS": {"connect_timeout": 5, "application_name": "conveyor", **extra},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def secret_key() -> str:
    """`SECRET_KEY`, or a random one that is made once and kept under `var/`, readable by the owner only."""
    key = text("SECRET_KEY")
    if key:
        if len(key) < 32:
            raise ImproperlyConfigured("SECRET_KEY is shorter than 32 characters; set a long random one.")
        return key
    path = var_dir() / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip() or secret_key_missing(path)
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key


def secret_key_missing(path: Path) -> str:
    raise ImproperlyConfigured(f"{path} is empty; set SECRET_KEY, or remove that file to have a new one made.")
