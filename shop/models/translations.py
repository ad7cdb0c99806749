"""Models of the catalogue's texts in other languages."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Category, Product


class ProductText(models.Model):
    """A field that is empty here shows the product's own text."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=8, help_text=_("such as de"))
    name = models.CharField(_("name"), max_length=200)
    tagline = models.CharField(_("tagline"), max_length=120, blank=True)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "language"], name="shop_producttext_once")]
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class CategoryText(models.Model):
    """A field that is empty here shows the category's own text."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=8, help_text=_("such as de"))
    name = models.CharField(_("name"), max_length=60)
    blurb = models.CharField(_("blurb"), max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["category", "language"], name="shop_categorytext_once")]
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
