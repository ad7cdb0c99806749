"""docs/how-to/add-a-service.md, as written: made, failed, retried on the desk, and no existing file changed."""

import json

import pytest

from tests.guides.guide import steps_of
from tests.patience import wait_for

TASK = "loyalty.record_order"
#: Orders whose message is done, and points that their entries lack; and who may see the entries.
OUTCOME = """.venv/bin/python manage.py shell --no-imports --verbosity 0 -c "
import json
from django.contrib.auth.models import Group
from extensions.loyalty.models import Entry
from messaging.models import Message
from orders.models import Order
messages = Message.objects.filter(task='loyalty.record_order', state='done')
done = Order.objects.filter(number__in=messages.values('subject'))
print(json.dumps({
    'done': done.count(),
    'missing': [o.number for o in done if Entry.objects.get(order=o).points != o.subtotal // 100],
    'groups': sorted(Group.objects.filter(permissions__codename='view_entry').values_list('name', flat=True)),
}))
" """


@pytest.mark.slow
def test_loyalty_is_made_fails_and_is_retried_and_no_existing_file_changes(tree):
    steps = steps_of("add-a-service")
    run = next(n for n, step in enumerate(steps) if step.command == "make run")
    output = tree.follow(steps[:run])
    assert "5 passed" in output
    assert "8 passed" in output

    tree.follow(steps[run : run + 1])
    dead = wait_for(lambda: tree.api(f"failed-tasks/?task={TASK}")["results"], what="the broken task is dead")
    assert {row["error"]["type"] for row in dead} == {"AttributeError"}
    tree.follow(steps[run + 1 :])
    assert tree.api(f"failed-tasks/?task={TASK}")["count"] == 0
    outcome = json.loads(tree.run(OUTCOME))
    assert outcome.pop("done") >= len(dead)
    assert outcome == {"missing": [], "groups": ["Operators", "Support"]}

    tree.assert_only_added("extensions/loyalty")
