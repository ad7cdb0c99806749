"""Base of models whose texts exist in several languages.

Products and categories hold their texts in the default language; translations are stored in separate tables.
`in_active_language()` returns objects whose text fields hold the translation, at the cost of one join.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, FilteredRelation, Q
from django.db.models.query import ModelIterable
from django.utils import translation

_TEXT, _PARENT = "translated", "translated_parent"


def foreign_language() -> str:
    """The active language without region, such as "de"; empty for the shop's default language."""
    active = (translation.get_language() or settings.LANGUAGE_CODE).partition("-")[0]
    return "" if active == settings.LANGUAGE_CODE.partition("-")[0] else active


class Localised(models.Model):
    """A model with `texts` in other languages. `localised_parent` is a relation whose name is translated as well."""

    localised_fields: ClassVar[tuple[str, ...]] = ()
    localised_parent: ClassVar[str] = ""
    is_localised = False

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Raises `TypeError` if a translation would overwrite the default language's texts."""
        if self.is_localised:
            raise TypeError("Translated objects are read-only.")
        super().save(*args, **options)

    def apply_translation(self, texts: dict[str, str | None]) -> None:
        """Replace text fields by these translations; missing or empty ones are skipped."""
        self.is_localised = True
        for field, text in texts.items():
            if text:
                setattr(self, field, text)


class _LocalisedIterable(ModelIterable):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[Any]:
        for found in super().__iter__():
            found.apply_translation(_pop_annotations(found, _TEXT, found.localised_fields))
            parent = found._state.fields_cache.get(found.localised_parent)
            name = _pop_annotations(found, _PARENT, ("name",))
            if parent:
                parent.apply_translation(name)
            yield found


def _pop_annotations(found: Localised, alias: str, fields: tuple[str, ...]) -> dict[str, str | None]:
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
