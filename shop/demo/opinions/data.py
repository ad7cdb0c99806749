"""What belongs to an opinion in the demo?"""

from typing import NamedTuple


class Opinion(NamedTuple):
    sku: str
    stars: int
    author: str
    title: str
    text: str
