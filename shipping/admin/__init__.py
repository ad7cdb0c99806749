"""How does a person in the office look at parcels, and print their papers?"""

from shipping.admin import printing, records

__all__ = ["printing", "records"]
