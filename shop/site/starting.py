"""What keeps a process of the shop from starting: settings that only show once the shop is loaded."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages

from shop.site import simulated


def require_settings() -> None:
    """Raise `ImproperlyConfigured` with a sentence that names the variable."""
    simulated.refuse()
    _require_media_storage()


def _require_media_storage() -> None:
    """It is made, and asked for nothing: a store that is away keeps no process from starting."""
    try:
        _ = storages["default"]
    except Exception as error:  # of whichever library it is from
        backend, options = settings.STORAGES["default"]["BACKEND"], settings.STORAGES["default"].get("OPTIONS", {})
        reason = " ".join(str(error).split())
        if any(str(value) in reason for value in options.values()):  # it may be a secret
            reason = type(error).__name__
        raise ImproperlyConfigured(
            f"CONVEYOR_MEDIA_STORAGE is {backend!r}, which cannot be used: {reason}. Install its package, or correct "
            "CONVEYOR_MEDIA_OPTIONS."
        ) from None
