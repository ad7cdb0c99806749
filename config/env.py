"""Environment variables: typed readers that reject invalid values with a one-line error naming the variable.

`make run` leaves a note of those of the demo in `var/`, so that commands in another terminal find the same shop.
"""

import json
import os
import re
import socket
import unicodedata
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.private_files import write_private

BASE_DIR = Path(__file__).resolve().parent.parent

_DOTTED_PATH = re.compile(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)+", re.ASCII)
#: Control characters, line and paragraph separators, and bytes that are not UTF-8.
_UNPRINTABLE = {"Cc", "Zl", "Zp", "Cs"}
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_REDIS = {"redis", "rediss"}
_REDIS_DATABASE = re.compile(r"/?|/\d{1,9}", re.ASCII)
LOOPBACK = "127.0.0.0/8,::1"
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
NOTE = "run.json"
ANSWER_SECONDS = 2.0
_read: set[str] = set()


def var_dir() -> Path:
    """The directory for runtime data: embedded database, broker data, mail, logs."""
    folder = Path(os.environ.get("CONVEYOR_VAR") or BASE_DIR / "var").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"CONVEYOR_VAR is '{folder}', which cannot be created: {error.strerror}. Name a folder that can be written."
        ) from error
    return folder


def leave_note(*, control: Path) -> None:
    """Note the variables that were read and are set, for as long as a supervisor answers on its socket `control`."""
    variables = {name: os.environ[name] for name in sorted(_read) if name in os.environ}
    write_private(var_dir() / NOTE, json.dumps({"control": str(control), "variables": variables}))


def follow_note() -> None:
    """Take variables that are not set from the note of a demo that is running now. Others' values stay.

    Not beside a database or broker that the demo does not use: that process belongs to another shop.
    """
    try:
        note = json.loads((var_dir() / NOTE).read_text())
        control, variables = Path(note["control"]), {str(name): str(value) for name, value in note["variables"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # there is none, or it is damaged
        return
    is_another = any(
        os.environ.get(name, "") not in ("", variables.get(name)) for name in ("DATABASE_URL", "BROKER_URL")
    )
    if not is_another and answers(control):
        for name, value in variables.items():
            os.environ.setdefault(name, value)


def answers(control: Path) -> bool:
    """Whether a program listens on this socket. One that is too busy to accept does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(control))
        except (TimeoutError, BlockingIOError):
            return True
        except OSError:
            return False
    return True


def text(name: str, default: str = "") -> str:
    """An empty value counts as unset: env files and Compose pass on names that have none."""
    _read.add(name)
    return os.environ.get(name, "").strip() or default


def line(name: str, default: str = "") -> str:
    """A text that papers and headers can carry."""
    return _one_line(text(name, default), name)


def _one_line(value: str, name: str) -> str:
    """The error does not repeat the value: it may be a secret."""
    if any(unicodedata.category(sign) in _UNPRINTABLE for sign in value):
        raise ImproperlyConfigured(f"{name} has more than one line, or a character that cannot be printed.")
    return value


def listed(name: str, *, separator: str = ",") -> tuple[str, ...]:
    """The parts between separators, without those that are empty. A value with no part is refused: it looks set."""
    value = text(name)
    parts = tuple(_one_line(part.strip(), name) for part in re.split(separator, value) if part.strip())
    if value and not parts:
        raise ImproperlyConfigured(f"{name} is {value!r}, which names nothing; correct or unset it.")
    return parts


def emails(name: str) -> tuple[str, ...]:
    """E-mail addresses, separated by commas."""
    for address in (addresses := listed(name)):
        if not _EMAIL.fullmatch(address):
            raise ImproperlyConfigured(f"{name} contains {address!r}; it must be e-mail addresses.")
    return addresses


def needed(name: str, *, by: str, when: bool) -> str:
    """A text that is required `when` another setting needs it; `by` names that setting."""
    value = text(name)
    if when and not value:
        raise ImproperlyConfigured(f"{name} is not set; {by} requires it.")
    return value


def flag(name: str) -> bool:
    """False if it is not set."""
    value = text(name)
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; it must be 1 or 0.")


def number(name: str, *, default: float, minimum: float, maximum: float = 10**9) -> float:
    """A number within bounds. Durations are in seconds."""
    value = text(name)
    if not value:
        return default
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a number, such as {default:g}.") from None
    if not minimum <= parsed <= maximum:
        raise ImproperlyConfigured(f"{name} is {value}; it must be a number from {minimum:,.10g} to {maximum:,.10g}.")
    return parsed


def integer(name: str, *, default: int, minimum: int, maximum: int = 10**9) -> int:
    parsed = number(name, default=default, minimum=minimum, maximum=maximum)
    if parsed != int(parsed):
        raise ImproperlyConfigured(f"{name} is {text(name)}; it must be a whole number, such as {default}.")
    return int(parsed)


def choice(name: str, options: tuple[str, ...]) -> str:
    """One of `options`; the first is the default."""
    value = text(name) or options[0]
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(options)}.")
    return value


def demo_choice(name: str, options: tuple[str, ...], *, demo: bool) -> str:
    """As `choice`, but all options except the first are for demo mode only."""
    value = choice(name, options)
    if value != options[0] and not demo:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; outside demo mode (CONVEYOR_DEMO=1) it must be {options[0]!r}."
        )
    return value


def classes(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Dotted paths of classes, separated by commas."""
    paths = listed(name) or default
    for path in paths:
        if not _DOTTED_PATH.fullmatch(path):
            raise ImproperlyConfigured(f"{name} contains {path!r}; it must be paths of classes, such as {default[0]}.")
    return paths


def secrets_by_name(name: str) -> dict[str, tuple[str, ...]]:
    """Parse `one=secret,two=another` into a dictionary with lowercase names. A name may have several secrets."""
    found: dict[str, tuple[str, ...]] = {}
    for who, _sign, secret in (pair.partition("=") for pair in listed(name)):
        if not (who.strip() and secret.strip()):
            raise ImproperlyConfigured(f"{name} is malformed; it must be a comma-separated list of name=secret.")
        found[who.strip().lower()] = (*found.get(who.strip().lower(), ()), secret.strip())
    return found


def is_url(url: str, *, schemes: Collection[str]) -> bool:
    """Whether `url` has one of the schemes, a host and, if any, a possible port and number of a Redis database."""
    try:
        parts = urlsplit(url)
        is_database = parts.scheme not in _REDIS or _REDIS_DATABASE.fullmatch(parts.path)
        return parts.scheme in schemes and bool(parts.hostname and is_database) and parts.port != 0
    except ValueError:
        return False


def host() -> str:
    """`HOST`: the address on which the web server listens."""
    value = text("HOST") or "127.0.0.1"
    try:
        return str(ip_address(value))
    except ValueError:
        raise ImproperlyConfigured(
            f"HOST is {value!r}; it must be an IP address, such as 127.0.0.1, or 0.0.0.0 for every interface. "
            "The shop's public name belongs in SITE_URL."
        ) from None


def port() -> int:
    """`PORT`: the TCP port on which the web server listens."""
    return integer("PORT", default=8000, minimum=1, maximum=65535)


def trusted_proxies(*, https: bool) -> tuple[IPv4Network | IPv6Network, ...]:
    """`CONVEYOR_TRUSTED_PROXIES`: none by default, or this machine with HTTPS, which only a proxy provides."""
    needed("CONVEYOR_TRUSTED_PROXIES", by="CONVEYOR_HTTPS=1", when=https and not ip_address(host()).is_loopback)
    parts = listed("CONVEYOR_TRUSTED_PROXIES") or (LOOPBACK.split(",") if https else ())
    try:
        return tuple(ip_network(part, strict=False) for part in parts)
    except ValueError:
        raise ImproperlyConfigured(
            f"CONVEYOR_TRUSTED_PROXIES is {','.join(parts)!r}; it must be a list of IP addresses and networks, "
            "such as 10.0.0.0/8,192.0.2.7."
        ) from None


def broker_url() -> str:
    """`BROKER_URL`, or the URL of the embedded Valkey server, kept under `var/` since its first start."""
    url = text("BROKER_URL")
    if not url:
        address = var_dir() / "valkey.url"
        return address.read_text().strip() if address.exists() else "redis://127.0.0.1:6399/0"
    if not is_url(url, schemes={"amqp", "amqps", *_REDIS}):
        raise ImproperlyConfigured(
            "BROKER_URL is not a valid broker URL; use amqp://user:password@host:5672/vhost (RabbitMQ) "
            "or redis://host:6379/0 (Valkey, Redis), or leave it unset for the embedded broker."
        )
    return url


def limits_cache() -> dict[str, object]:
    """As `cache`, apart from its entries. Without `CACHE_URL`, another database of the embedded broker's server."""
    url = text("CACHE_URL") or ("" if text("BROKER_URL") else f"{broker_url().removesuffix('/0')}/1")
    return cache(url) | {"KEY_PREFIX": "limits"} if url else cache("") | {"LOCATION": "limits"}


def cache(url: str | None = None) -> dict[str, object]:
    """Django's settings of the cache at `url`, `CACHE_URL` by default, or of one inside each process.

    A request waits a second for it.
    """
    url = text("CACHE_URL") if url is None else url
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2000}}
    if not is_url(url, schemes=_REDIS):
        raise ImproperlyConfigured(
            "CACHE_URL is not a valid cache URL; use redis://host:6379/1 (Valkey, Redis), "
            "or leave it unset for a cache inside each process."
        )
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "OPTIONS": {
            "serializer": "shop.site.shared_pages.serializer.Json",
            "socket_connect_timeout": 0.5,
            "socket_timeout": 0.5,
        },
    }
