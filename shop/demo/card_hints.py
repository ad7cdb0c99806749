"""Demo test cards: one sentence each on what paying with it does."""

from django.utils.translation import gettext_lazy as _

CARD_HINTS = {
    "pm_card_visa": _("Succeeds immediately."),
    "pm_3ds": _("The bank asks you to confirm: approve or decline it on the simulated bank's page."),
    "pm_sepa": _("The bank takes a few seconds to settle it; the order ships after that."),
    "pm_card_declined": _("Declined: the items return to stock, and you can pay again with another card."),
    "pm_flaky_2": _("Two attempts fail; the third succeeds automatically a few seconds later."),
    "pm_outage": _("All attempts fail. Run manage.py demo end-outage to end the outage, then retry the task."),
    "pm_lost_reply": _("The gateway's reply is lost: the charge is retried, and you still pay only once."),
    "pm_disputed": _("Succeeds, then the card's owner disputes the charge at the bank."),
    "pm_bug": _("Fails with a bug: not retried automatically. Run manage.py demo fix-bug, then retry the task."),
    "pm_crash": _(
        "Crashes the worker: it restarts, other orders continue, and this task is set aside. Cured as the bug is."
    ),
    "pm_slow_5": _("Takes five seconds without delaying other orders."),
    "pm_refund_pending": _("Succeeds; the bank takes a while to make a refund."),
    "pm_refund_fails": _("Succeeds; the first refund fails in the end, and an operator repeats it."),
}
