"""Order within a subject: its messages are sent in the order in which they were caused, one after the other.

The selected messages of a subject form a chain, named by the position of its first one. All but the next one to be sent
are blocked. When that one is done the next is unblocked; when it failed again the rest of its chain is skipped.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db.models import Min, QuerySet

from messaging.models import MessageQuerySet
from messaging.operations.models import BulkItem, BulkOperation, ItemOutcome, SkipReason, Verdict

_CHUNK = 1000


def ids(messages: MessageQuerySet, *, limit: int) -> list[uuid.UUID]:
    """The first `limit` messages to die, in that order, but those of a subject in the order of their causes."""
    dead = messages.order_by("finished_at", "id").values_list("pk", "subject", "causation_id", "created_at")[:limit]
    rows, by_subject = [], defaultdict(list)
    for id_, subject, cause, created_at in dead:
        rows.append((id_, subject))
        if subject:
            by_subject[subject].append((created_at, id_, cause))
    turns = {subject: _causal(sorted(found, key=lambda row: row[:2])) for subject, found in by_subject.items()}
    return [next(turns[subject]) if subject else id_ for id_, subject in rows]


def link(items: Iterable[BulkItem], *, chains: dict[str, int]) -> None:
    """Chain new items by their subjects. `chains` has those of earlier calls, and is added to."""
    for item in items:
        subject = item.message.subject
        if subject and item.verdict == Verdict.WILL_GO:
            item.is_blocked = subject in chains
            item.chain = chains.setdefault(subject, item.position)


def advance(operation: BulkOperation, *, now: datetime) -> None:
    """Unblock what follows the messages that were done at `now`; skip what follows those that failed again."""
    if not _blocked(operation).exists():
        return
    ended = operation.items.filter(at=now, chain__isnull=False)
    failed = ended.filter(outcome=ItemOutcome.FAILED_AGAIN).values("chain")
    _blocked(operation).filter(chain__in=failed).update(
        outcome=ItemOutcome.SKIPPED, reason=SkipReason.EARLIER_FAILED, is_blocked=False, at=now
    )
    done = ended.filter(outcome=ItemOutcome.SUCCEEDED).values_list("chain", flat=True)
    unblock(operation, chains=list(done))


def unblock(operation: BulkOperation, *, chains: Sequence[int | None]) -> None:
    """Unblock the next message of each of these chains."""
    for start in range(0, len(chains), _CHUNK):
        some = _blocked(operation).filter(chain__in=chains[start : start + _CHUNK])
        following = some.values("chain").annotate(next=Min("position")).values_list("next", flat=True)
        _blocked(operation).filter(position__in=list(following)).update(is_blocked=False)


def _blocked(operation: BulkOperation) -> QuerySet[BulkItem]:
    return operation.items.filter(is_blocked=True, outcome=ItemOutcome.WAITING)


def _causal(rows: Iterable[tuple[datetime, uuid.UUID, uuid.UUID | None]]) -> Iterator[uuid.UUID]:
    """The oldest first, but none before its cause: clocks of hosts differ."""
    causes = {id_: cause for _, id_, cause in rows}
    for oldest in list(causes):
        line: list[uuid.UUID] = []
        id_: uuid.UUID | None = oldest
        while id_ in causes:
            line.append(id_)
            id_ = causes.pop(id_)
        yield from reversed(line)
