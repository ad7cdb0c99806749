"""Example reviews of the demo: fictional, and marked as examples on the pages."""

from shop.demo.example_reviews import living, music_and_desk, out_and_about
from shop.demo.example_reviews.review_data import Example

EXAMPLES: list[Example] = [*music_and_desk.EXAMPLES, *living.EXAMPLES, *out_and_about.EXAMPLES]

__all__ = ["EXAMPLES", "Example"]
