"""Amount lines of an order with inclusive prices: goods and delivery by rate, and the tax that they contain.

All in integers. Tax is rounded once for each rate, half up, on the gross sum.
"""

from collections.abc import Iterable, Mapping

from orders.amounts.tax import included_tax
from orders.models import AmountKind
from orders.values import NewAmount

EXEMPT = 0


def amounts_at(*, goods: Iterable[tuple[int, int]], delivery: int) -> list[NewAmount]:
    """Lines of an order: `goods` are pairs of a rate in basis points and a gross amount in minor units."""
    by_rate: dict[int, int] = {}
    for rate, gross in goods:
        by_rate[rate] = by_rate.get(rate, 0) + gross
    by_rate = dict(sorted(by_rate.items(), reverse=True))
    delivered = apportioned(delivery, by_rate)
    lines = [NewAmount(AmountKind.GOODS, gross, rate) for rate, gross in by_rate.items()]
    lines += [NewAmount(AmountKind.DELIVERY, part, rate) for rate, part in delivered.items() if part]
    return lines + [
        NewAmount(AmountKind.TAX, included_tax(gross + delivered[rate], rate), rate, is_included=True)
        for rate, gross in by_rate.items()
        if rate != EXEMPT
    ]


def apportioned(amount: int, by_rate: Mapping[int, int]) -> dict[int, int]:
    """`amount` divided in proportion to the values of `by_rate`, by the largest remainder. The parts add up to it.

    Of equal remainders, the highest rate's is rounded up. Goods that cost nothing leave it all to the highest rate.
    """
    total = sum(by_rate.values())
    if not total:
        return {rate: amount if rate == max(by_rate) else 0 for rate in by_rate}
    parts = {rate: amount * value // total for rate, value in by_rate.items()}
    left = amount - sum(parts.values())
    for rate in sorted(by_rate, key=lambda rate: (amount * by_rate[rate] % total, rate), reverse=True)[:left]:
        parts[rate] += 1
    return parts
