"""What runs periodically, beside many orders: `python bench/periodic.py [--orders 1000000] [--signed-in 1000000]`.

Fills a scratch PostgreSQL database, which is removed afterwards, and runs each task's work in slices without pauses:
reconciliation, tracking, expired reservations, retention, throughput and alerts. Exits with 1 if a slice exceeds the
soft time limit, or a statement takes more than 1 s. With `--database URL` it uses a database that is filled if it
is empty, and keeps it. The audit has `bench/audit.py`, and retention of messages `bench/retention.py`.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.slices import HEADER, Figures, arguments, ended, shop_of, unpaused

PAYMENTS = 50_000
PARCELS = 1000
#: One row in ten is due for deletion. Access logs are in the order of time, sessions and tokens are not.
SIGN_INS = (
    """
INSERT INTO django_session (session_key, session_data, expire_date)
SELECT md5(n::text), repeat('x', 200), now() + (n %% 100 - 9.5) * interval '1 day'
FROM generate_series(1, %(rows)s) AS n ON CONFLICT DO NOTHING
""",
    """
INSERT INTO knox_authtoken (digest, token_key, user_id, created, expiry)
SELECT md5('token' || n), left(md5('token' || n), 25), 1, now(), now() + (n %% 100 - 9.5) * interval '1 day'
FROM generate_series(1, %(rows)s) AS n ON CONFLICT DO NOTHING
""",
    *(
        f"""
INSERT INTO {table} (user_agent, ip_address, username, http_accept, path_info, attempt_time{columns})
SELECT 'Browser ' || n %% 1000, '10.0.0.1'::inet + n %% 60000, 'shopper' || n, '*/*', '/login/',
    now() - (%(rows)s - n) * interval '100 days' / %(rows)s{values}
FROM generate_series(1, %(rows)s) AS n ON CONFLICT DO NOTHING
"""  # noqa: S608 - no input
        for table, columns, values in (
            ("axes_accesslog", ", session_hash", ", ''"),
            ("axes_accessfailurelog", ", locked_out", ", false"),
            ("axes_accessattempt", ", get_data, post_data, failures_since_start", ", '', '', 1"),
        )
    ),
    """
INSERT INTO axes_accessattemptexpiration (access_attempt_id, expires_at)
SELECT id, attempt_time FROM axes_accessattempt ON CONFLICT DO NOTHING
""",
)


def sign_in(rows: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in SIGN_INS:
            cursor.execute(statement % {"rows": rows})
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


def reconcile(figures: Figures, *, payments: int) -> int:
    """A whole run over the newest `payments`."""
    from django.utils import timezone

    from payments.models import Payment
    from payments.payloads import Reconcile
    from payments.reconciliation_run import Run

    newest = list(Payment.objects.order_by("-created_at", "-id").values_list("created_at", flat=True)[:payments])
    payload = Reconcile(since=min(newest, default=timezone.now()), started_at=timezone.now(), is_whole=True)

    def one(payload: Reconcile) -> tuple[Reconcile, bool]:
        part, run = unpaused(), Run.of(payload)
        part.repeat(run.compare_page)
        part.repeat(run.compare_captured)
        return run.payload, part.is_done

    is_done = False
    while not is_done:
        payload, is_done = figures.run(lambda payload=payload: one(payload))
    return len(newest)


def track(figures: Figures) -> int:
    """One message each."""
    from messaging import outbox
    from shipping import selectors, services
    from shipping.carriers import carrier
    from shipping.models import Shipment, ShipmentStatus

    def one(order_id: int) -> None:
        shipment = selectors.shipment_to_track(order_id=order_id, shipment_id=None)
        assert shipment is not None, "the parcel is current"
        tracking = carrier(shipment.carrier).track(tracking_number=shipment.tracking_number)
        with outbox.transaction():
            services.record_tracking(shipment=shipment, tracking=tracking)
            services.track_again(shipment=shipment)

    parcels = Shipment.objects.filter(status=ShipmentStatus.IN_TRANSIT).order_by("?")[:PARCELS]
    orders = list(parcels.values_list("order_id", flat=True))
    for order_id in orders:
        figures.run(lambda order_id=order_id: one(order_id))
    return len(orders)


def count_throughput(figures: Figures) -> int:
    """A day, as after a standstill. Rows are hours."""
    from django.utils import timezone

    from messaging.operations.dashboard.throughput import Counting

    counting = Counting(now=timezone.now(), since=timezone.now() - timedelta(days=1))
    return figures.repeat(counting.step)


def steps() -> dict[str, Callable[[Figures], int]]:
    from django.utils import timezone

    from messaging.operations import alerts, retention
    from orders import selectors, services
    from shop.accounts.retention import purge_expired

    def expire() -> int:
        from messaging import outbox

        with outbox.transaction():
            return services.expire_reservations(now=timezone.now())

    def discarded() -> int:
        return retention.purge_discarded(keep=timedelta(0))

    def alert(figures: Figures) -> int:
        return len(figures.run(alerts.conditions))

    def watch_relay(figures: Figures) -> int:
        return len(figures.run(alerts.watch_relay))

    def has_expired(figures: Figures) -> int:
        return int(figures.run(selectors.has_expired_reservations))

    return {
        "reconciliation, nothing new": lambda figures: reconcile(figures, payments=0),
        f"reconciliation of {PAYMENTS:,} payments": lambda figures: reconcile(figures, payments=PAYMENTS),
        f"tracking of {PARCELS:,} parcels, each": track,
        "retention of sign-ins": lambda figures: figures.repeat(purge_expired),
        "retention of sign-ins, nothing expired": lambda figures: figures.repeat(purge_expired),
        "retention of discarded messages": lambda figures: figures.repeat(discarded),
        "expired reservations": lambda figures: figures.repeat(expire),
        "expired reservations, none": has_expired,
        "throughput of a day": count_throughput,
        "alerts": alert,
        "the relay's alert": watch_relay,
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--signed-in", type=int, default=1_000_000, help="sessions, tokens, attempts of each kind")
    parser.add_argument("--only", default="", help="only work whose name contains this")
    options: Any = parser.parse_args()
    with shop_of(options):
        chosen = {name: step for name, step in steps().items() if options.only in name}
        if any("sign-ins" in name for name in chosen):
            sign_in(options.signed_in)
        print(HEADER)
        within = []
        for name, step in chosen.items():
            figures = Figures()
            within.append(figures.report(name, rows=step(figures)))
    ended(all(within))


if __name__ == "__main__":
    main()
