"""Forms of the admin for products and categories: prices in whole units, pictures, colours."""

from contextlib import suppress
from typing import Any

from babel.numbers import list_currencies
from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.amounts.typed import AmountError, parse, typed
from shop.colours import NAMES, PALETTE, is_own
from shop.models import Category, Product
from shop.pictures.forms import PictureField
from shop.pictures.services import Staged
from shop.stale_pages import FreshForm

_OWN = "own"


class ProductForm(FreshForm):
    price = forms.CharField(
        label=_("Price"),
        max_length=30,
        help_text=_("as on a price tag, such as 19.90 or 19,90"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "vTextField"}),
    )
    picture = PictureField(
        label=_("Picture"),
        required=False,
        widget=AdminFileWidget,
        help_text=_("JPEG, PNG, WebP or AVIF, up to 10 MB; best 1024 pixels or more on its longer side"),
    )

    class Meta:
        model = Product
        fields = "__all__"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.staged: Staged | None = None
        if self.instance.pk:
            self.initial["price"] = typed(self.instance.price, self.instance.currency)

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if currency not in list_currencies():
            raise ValidationError(_("Unknown currency. Enter its ISO 4217 code, such as EUR."))
        return currency

    def clean_picture(self) -> Any:
        """The name of the stored file, as the model has it."""
        given = self.cleaned_data["picture"]
        if not isinstance(given, Staged):
            return given
        self.staged = given
        return given.name

    def clean(self) -> dict[str, Any]:
        """The price here, since the currency says how many decimals it may have."""
        cleaned = super().clean()
        if "price" in cleaned:
            try:
                cleaned["price"] = parse(cleaned["price"], cleaned.get("currency") or self.instance.currency)
            except AmountError as error:
                self.add_error("price", str(error))
        if cleaned.get("is_listed"):
            self._check_listed(cleaned)
        return cleaned

    def _saved(self, name: str) -> Any:
        """The price may be typed in another way than it is shown."""
        given = str(self.cleaned_data.get(name, ""))
        with suppress(AmountError):
            if name == "price" and parse(given, self.instance.currency) == self.instance.price:
                return given
        return super()._saved(name)

    def _check_listed(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("price") == 0:
            self.add_error("price", _("Enter a price above 0, or do not list the product."))
        if cleaned.get("currency", settings.SHOP_CURRENCY) != settings.SHOP_CURRENCY:
            text = _("The shop sells in %(currency)s only. Enter a price in %(currency)s, or do not list the product.")
            self.add_error("currency", ValidationError(text, params={"currency": settings.SHOP_CURRENCY}))

    def save(self, commit: bool = True) -> Product:
        if "picture" in self.changed_data:
            self.instance.picture_width = self.staged.width if self.staged else None
            self.instance.picture_height = self.staged.height if self.staged else None
        return super().save(commit)


class CategoryForm(FreshForm):
    """A colour of the palette, or one's own."""

    palette = forms.ChoiceField(
        label=_("Colour"),
        required=False,
        choices=[*NAMES.items(), (_OWN, _("Another colour"))],
        widget=forms.RadioSelect,
    )
    own = forms.CharField(
        label=_("Another colour"),
        required=False,
        max_length=7,
        help_text=_("# and six hexadecimal digits, such as #3a23b8; pages use its hue, as light or dark as text needs"),
    )

    class Meta:
        model = Category
        fields = ("name", "slug", "blurb", "position")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        colour = self.instance.colour
        self.initial.update({"palette": colour} if colour in PALETTE else {"palette": _OWN, "own": colour})

    def clean_own(self) -> str:
        return str(self.cleaned_data["own"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("palette") == _OWN and not is_own(cleaned.get("own", "")):
            self.add_error("own", _("Enter a colour as # and six hexadecimal digits, such as #3a23b8."))
        return cleaned

    def _post_clean(self) -> None:
        """Before the model is validated: that checks the contrast."""
        palette = self.cleaned_data.get("palette")
        if "own" not in self.errors and palette is not None:
            self.instance.colour = self.cleaned_data["own"] if palette == _OWN else palette
        super()._post_clean()  # type: ignore[misc]
