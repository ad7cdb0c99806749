"""What do the demo's buyers think of the goods? Made up, and marked as examples on the pages."""

from shop.demo.opinions import living, music_and_desk, out_and_about
from shop.demo.opinions.data import Opinion

OPINIONS: list[Opinion] = [*music_and_desk.OPINIONS, *living.OPINIONS, *out_and_about.OPINIONS]

__all__ = ["OPINIONS", "Opinion"]
