"""Models of catalogue texts in other languages."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Category, Product


class ProductText(models.Model):
    """An empty field falls back to the product's own text."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="texts", verbose_name=_("product"))
    language = models.CharField(_("language"), max_length=8, help_text=_("language code, such as de"))
    name = models.CharField(_("name"), max_length=200)
    tagline = models.CharField(_("tagline"), max_length=120, blank=True)
    description = models.TextField(_("description"), blank=True)
    picture_alt = models.CharField(_("alternative text"), max_length=200, blank=True, default="", db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "language"], name="shop_producttext_once")]
        verbose_name = _("translation")
        verbose_name_plural = _("translations")

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class CategoryText(models.Model):
    """An empty field falls back to the category's own text."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="texts", verbose_name=_("category"))
    language = models.CharField(_("language"), max_length=8, help_text=_("language code, such as de"))
    name = models.CharField(_("name"), max_length=60)
    blurb = models.CharField(_("blurb"), max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["category", "language"], name="shop_categorytext_once")]
        verbose_name = _("translation")
        verbose_name_plural = _("translations")

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
