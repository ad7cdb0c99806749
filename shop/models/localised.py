"""Base of models whose texts exist in several languages.

Goods and categories carry their texts in the shop's own language; texts in others stand beside them. A read asks with
`in_active_language()` and gets objects whose own fields hold the words to show, by one join and no statement more.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, FilteredRelation, Q
from django.db.models.query import ModelIterable
from django.utils import translation

_TEXT, _PARENT = "spoken", "spoken_parent"


def foreign_language() -> str:
    """The active language without its region, such as "de"; empty where it is the shop's own."""
    active = (translation.get_language() or settings.LANGUAGE_CODE).partition("-")[0]
    return "" if active == settings.LANGUAGE_CODE.partition("-")[0] else active


class Localised(models.Model):
    """A thing with `texts` in other languages. `localised_parent` is a relation whose name is told with it."""

    localised_fields: ClassVar[tuple[str, ...]] = ()
    localised_parent: ClassVar[str] = ""
    is_localised = False

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Raises TypeError where another language's texts would overwrite the shop's own."""
        if self.is_localised:
            raise TypeError("An object in another language is for reading.")
        super().save(*args, **options)

    def speak(self, texts: dict[str, str | None]) -> None:
        """Show these texts in place of the own ones. A text that is missing or empty leaves the own one."""
        self.is_localised = True
        for field, text in texts.items():
            if text:
                setattr(self, field, text)


class _LocalisedIterable(ModelIterable):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[Any]:
        for found in super().__iter__():
            found.speak(_taken(found, _TEXT, found.localised_fields))
            parent = found._state.fields_cache.get(found.localised_parent)
            name = _taken(found, _PARENT, ("name",))
            if parent:
                parent.speak(name)
            yield found


def _taken(found: Localised, alias: str, fields: tuple[str, ...]) -> dict[str, str | None]:
    return {field: found.__dict__.pop(f"{alias}_{field}", None) for field in fields}


Row = TypeVar("Row", bound=Localised)


class LocalisedQuerySet(models.QuerySet[Row]):
    def in_active_language(self) -> Self:
        language = foreign_language()
        if not language:
            return self
        found = self._joined("texts", _TEXT, language, self.model.localised_fields)
        if self.model.localised_parent:
            found = found._joined(f"{self.model.localised_parent}__texts", _PARENT, language, ("name",))
        found._iterable_class = _LocalisedIterable
        return found

    def _joined(self, relation: str, alias: str, language: str, fields: tuple[str, ...]) -> Self:
        text = FilteredRelation(relation, condition=Q(**{f"{relation}__language": language}))
        return self.annotate(
            **{f"{alias}_text": text}, **{f"{alias}_{field}": F(f"{alias}_text__{field}") for field in fields}
        )
