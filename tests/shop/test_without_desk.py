"""The shop without the operators' desk: an order is placed, charged, shipped and delivered."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

SETTINGS = "tests.shop.settings_without_desk"
pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow]
#: Tests of an order from checkout to delivery that use nothing of the desk.
FLOW = (
    "tests/shop/checkout/test_services.py",
    "tests/shop/test_wiring.py",
    "tests/orders/test_services.py",
    "tests/payments/test_cancelled_orders.py",
    "tests/shipping/test_tracking.py",
)


def run(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": SETTINGS},
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_the_project_passes_djangos_checks_without_the_desk():
    run("manage.py", "check", "--fail-level", "WARNING")


@pytest.mark.parametrize("command", ["spectacular", "seed_demo --help"])
def test_commands_of_the_shop_work_without_the_desk(command):
    run("manage.py", *command.split())


def test_the_tests_of_the_flow_pass_without_the_desk():
    run("-m", "pytest", "-q", *FLOW, f"--ds={SETTINGS}", "-p", "no:cacheprovider", "-n", "0")
