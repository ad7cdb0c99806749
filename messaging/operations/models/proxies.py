"""Proxies of the engine's tables, for the desk's admin pages and permissions."""

from django.utils.translation import gettext_lazy as _

from messaging.models import Message, QueuePause


class FailedTask(Message):
    """Messages that died, whatever their state is now."""

    class Meta:
        proxy = True
        verbose_name = _("failed task")
        verbose_name_plural = _("failed tasks")
        default_permissions = ("view",)
        permissions = [
            ("reveal_payload", "Can see personal data in payloads and errors"),
            ("retry_message", "Can retry dead messages"),
            ("bulk_retry", "Can bulk retry dead messages"),
            ("edit_message", "Can edit a dead message's payload and retry it"),
            ("discard_message", "Can discard and restore dead messages"),
            ("pause_queue", "Can pause and resume queues"),
        ]


class Queues(QueuePause):
    """The queues page. The admin lists pages by model; this one has no rows of its own."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
