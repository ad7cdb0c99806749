"""Control commands of a worker: holdings, the messages that it holds, which AMQP shows to nobody else.

Those of Celery's own are removed by which anybody who reaches the broker could hold up orders unnoticed.
"""

from typing import Any

from celery.worker import state as worker_state
from celery.worker.control import Panel, inspect_command

from messaging.broker.holders import COMMAND

#: A worker that holds more does not list them, which counts as no answer.
MAX_IDS = 10_000
for _harmful in ("rate_limit", "time_limit", "pool_shrink", "autoscale"):
    Panel.data.pop(_harmful, None)


@inspect_command(name=COMMAND)
def holdings(state: Any, **arguments: Any) -> dict[str, list[str]]:
    """Queues that this worker consumes, and ids of all messages it has received and not yet answered."""
    consumer = state.consumer
    ids = {str(id_) for id_ in list(worker_state.requests)}
    for bucket in filter(None, list(consumer.task_buckets.values())):  # held back by a rate limit
        ids.update(str(request.id) for request, _tokens in list(bucket.contents))
    if len(ids) > MAX_IDS:
        return {"queues": [], "ids": []}
    queues = consumer.task_consumer.queues if consumer.task_consumer else ()
    return {"queues": [queue.name for queue in queues], "ids": sorted(ids)}
