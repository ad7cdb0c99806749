"""Which VAT applies where: the EU's VAT area, by country and postcode.

Source: the European Commission's "Territorial status of EU countries and certain territories"
(taxation-customs.ec.europa.eu), and articles 5 to 8 of directive 2006/112/EC. Not covered, since no postcode tells
them apart: the Greek islands with a lower rate, the waters of Lake Lugano, the north of Cyprus.
"""

import re
from typing import Final

from shop.tax.rates import regions

#: Belong to a member state's VAT area, by the codes that addresses have.
_SAME_AS: Final = {"MC": "FR"}
#: Parts of member states outside the VAT area, and those whose postcodes are among a member state's.
_OUTSIDE: Final = {
    "DE": re.compile(r"27498|78266"),  # Heligoland, Büsingen
    "DK": re.compile(r"39\d{2}"),  # Greenland
    "ES": re.compile(r"(35|38|51|52)\d{3}"),  # Canary Islands, Ceuta, Melilla
    "FI": re.compile(r"22\d{3}"),  # Åland
    "FR": re.compile(r"97\d{3}|98[46-8]\d{2}"),  # overseas; 98000 is Monaco
    "GR": re.compile(r"6308[67]"),  # Mount Athos
    "IT": re.compile(r"23041|22061"),  # Livigno, Campione d'Italia
}
#: Parts with rates of their own, by their region in the table of rates.
_PARTS: Final = {
    "AT": ((re.compile(r"6691|699[1-3]"), "AT-19"),),  # Jungholz, Mittelberg
    "PT": ((re.compile(r"9[5-9]\d{5}"), "PT-20"), (re.compile(r"9[0-4]\d{5}"), "PT-30")),  # Azores, Madeira
    # Northern Ireland is treated as a member state for goods (Windsor Framework).
    "GB": ((re.compile(r"BT\d.*"), "GB-NIR"),),
}


def tax_region(*, country: str, postcode: str = "") -> str | None:
    """The region whose VAT applies to goods delivered there; None outside the EU's VAT area.

    `country` is an ISO 3166-1 code. An empty or unusual postcode is taken for one of the country's mainland.
    """
    country = _SAME_AS.get(country, country)
    code = re.sub(r"[\s-]", "", postcode).upper().removeprefix(country)
    if (outside := _OUTSIDE.get(country)) and outside.fullmatch(code):
        return None
    if len(country) != 2:
        return None
    part = next((region for pattern, region in _PARTS.get(country, ()) if pattern.fullmatch(code)), country)
    return part if part in regions() else None
