"""How does Django find the messaging app, and what must be in place before the first message?"""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import brokers, checks, maintenance  # noqa: F401

        brokers.install()
