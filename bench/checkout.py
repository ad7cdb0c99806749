"""CPU and statements of an order's way: `python bench/checkout.py [--orders 300] [--profile]`.

One process on a scratch PostgreSQL database, no server, no broker: the API's checkout through all middleware, then the
tasks of the orders as a worker runs them. Prints the median CPU time of the process for each, the share of the service
in the checkout, the mean CPU time of the PostgreSQL backend beside it, and the statements. `--profile` prints where
the time goes.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.report import load
from bench.support.scratch import run_on_scratch

INNER = """
import cProfile, io, json, pstats, statistics, sys, time, django
django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from bench.support.in_process import backend_clock
from messaging.outbox import transaction
from shop.models import Product
from shop.checkout import services
from tests.delivery import deliver, make_due
from tests.messaging.deliver import claim_due
count, wants_profile = int(sys.argv[1]), sys.argv[2] == "True"
Product.objects.update(stock=1_000_000)
skus = list(Product.objects.listed().values_list("sku", flat=True)[:20])
client, clock = Client(SERVER_NAME="localhost"), time.process_time
def body(n):
    return {"email": f"s{n}@shop.example", "name": "Ann Smith", "shipping_method": "standard",
        "address": {"line1": "Main St 1", "city": "Bern", "postcode": "3011", "country": "CH"},
        "payment_method": "pm_card_visa", "lines": [{"sku": skus[n % 20], "quantity": 1}]}
def place(n):
    answer = client.post("/api/v1/orders/", body(n), content_type="application/json",
        headers={"Idempotency-Key": f"bench-{n}"})
    assert answer.status_code == 201, answer.content
inside = []
def timed(**arguments):
    began = clock()
    placed = services.checkout(**arguments)
    inside.append(clock() - began)
    return placed
import shop.api.orders
shop.api.orders.checkout = timed
profiles, backend, backend_ms = {}, {}, backend_clock()
def run(what, call, times):
    def measured(*arguments):
        profile = profiles.setdefault(what, cProfile.Profile()) if wants_profile else None
        began, before = clock(), backend_ms()
        if profile: profile.enable()
        call(*arguments)
        if profile: profile.disable()
        times.setdefault(what, []).append(clock() - began)
        backend[what] = backend.get(what, 0) + backend_ms() - before
    return measured
times, statements = {}, {}
for n in range(30):
    place(n)
while (due := claim_due(limit=1)): deliver(due[0])
inside.clear()
for n in range(30, 30 + count):
    run("checkout", place, times)(n)
times["its service"] = inside
with CaptureQueriesContext(connection) as queries:
    place(10**6)
statements["checkout"] = len(queries)
texts = [q["sql"][:160] for q in queries]
from django.conf import settings as conf
conf.CONVEYOR_TRANSIT_SECONDS = 0
def name(message):
    kind = message.payload.get("kind", "")
    return f"{message.task} {kind}".strip()
rounds = 0
while rounds < 12 and make_due():
    rounds += 1
    for message in claim_due(limit=5000):
        what = name(message)
        if what not in statements:
            with CaptureQueriesContext(connection) as queries:
                deliver(message)
            statements[what] = len(queries) - 1  # the look at the message's state afterwards
            texts += ["-- " + what] + [q["sql"][:160] for q in queries]
        else:
            run(what, deliver, times)(message)
found = {what: [1000 * statistics.median(seen), backend.get(what, 0) / len(seen), len(seen), statements.get(what, 0)]
    for what, seen in times.items()}
out = []
for what, profile in profiles.items():
    stream = io.StringIO()
    pstats.Stats(profile, stream=stream).sort_stats("cumulative").print_stats(70)
    out += [f"== {what}", *(line[:150] for line in stream.getvalue().splitlines())]
print(json.dumps({"found": found, "profile": out, "texts": texts}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    found = run_on_scratch("production", INNER, options.orders, options.profile)
    if found is None:
        return
    if options.profile:
        print("\n".join([*found["texts"], *found["profile"]]))
    print(f"CPU of the process, and of its PostgreSQL backend ({load()})")
    for what, (ms, backend, count, statements) in found["found"].items():
        print(f"  {what:38}{ms:7.2f} ms{backend:9.2f} ms   of {count:5}   {statements or '':>3} statements")


if __name__ == "__main__":
    main()
