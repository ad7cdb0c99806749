"""Contenders: what runs the peers' job. Each module has `checkout(number)` and `WORKERS`, its processes by name.

`SLOTS` payments wait for the gateway at once, in every contender.
"""

import sys

import django
from django.apps import apps

SLOTS = 16
#: Shipments wait for nothing but the database.
SHIPPERS = 2
PYTHON = sys.executable

if not apps.models_ready:  # celery and dramatiq import a contender first
    django.setup()
