"""How does Django find the messaging app, and what must be in place before the first message?"""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import beat, brokers, checks, maintenance  # noqa: F401
        from messaging.bulk import driver

        brokers.install()
        beat.only_if(driver.KeepBulk, driver.anything_overdue)
