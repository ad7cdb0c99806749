"""The catalogue's version: changes with every committed change of what shoppers see, whoever makes it.

Two reads that return the same version have seen the same catalogue; so what was rendered after the first is still right
at the second. Versions are random: after a rollback or a restored backup an earlier version means the earlier content.
"""

from shop.catalogue.version.selectors import catalogue_version

__all__ = ["catalogue_version"]
