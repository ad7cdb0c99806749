"""`SECRET_KEY`, which signs, and `SECRET_KEY_FALLBACKS`, whose signatures still count."""

import secrets

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.private_files import create_private


def secret_key() -> str:
    """`SECRET_KEY`, or a random key that is generated once and kept under `var/`, readable by its owner only."""
    if key := env.text("SECRET_KEY"):
        return _long(key, "SECRET_KEY")
    path = env.var_dir() / "secret_key"
    try:
        if not path.exists():
            create_private(path, secrets.token_urlsafe(50))
        key = path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set, and {path} cannot be used: {error.strerror}. "
            "Set SECRET_KEY, or CONVEYOR_VAR to a folder that can be written."
        ) from error
    if key:
        return key
    raise ImproperlyConfigured(f"{path} is empty; set SECRET_KEY, or delete the file to generate a new one.")


def secret_key_fallbacks() -> list[str]:
    """`SECRET_KEY_FALLBACKS`: keys that do not sign, but whose signatures count, separated by commas."""
    return [_long(key, "A key of SECRET_KEY_FALLBACKS") for key in env.listed("SECRET_KEY_FALLBACKS")]


def _long(key: str, name: str) -> str:
    if len(key) < 32:
        raise ImproperlyConfigured(f"{name} is shorter than 32 characters; use a long random one.")
    return key
