"""One sentence for each test card of the demo: what paying with it does."""

from django.utils.translation import gettext_lazy as _

CARD_HINTS = {
    "pm_card_visa": _("Works at once."),
    "pm_card_declined": _("The order waits, its goods go back on the shelf, and you can pay again."),
    "pm_flaky_2": _("Two tries fail, and the third works by itself a few seconds later."),
    "pm_outage": _("All tries fail, until an operator takes it on."),
    "pm_lost_reply": _("It is asked again, and still you pay only once."),
    "pm_bug": _("Waits at once for an operator, who sees the error."),
    "pm_crash": _("The worker starts anew, other orders go on, and this one is set aside."),
    "pm_slow_5": _("Takes five seconds, and nobody else waits for it."),
}
