"""Regions of tax by country and postcode."""

import pytest

from shop.tax.territories import tax_region

OUTSIDE = [
    ("CH", "3011"), ("US", "10001"), ("NO", "0150"), ("GB", "SW1A 1AA"), ("IM", "IM1 1AA"), ("AX", "22100"),
    ("GP", "97100"), ("RE", "97400"), ("SM", "47890"), ("VA", "00120"), ("GI", ""), ("GL", "3900"), ("FO", "100"),
    ("ES", "35001"), ("ES", "38001"), ("ES", "51001"), ("ES", "52001"), ("FI", "22100"), ("DE", "78266"),
    ("DE", "27498"), ("IT", "23041"), ("IT", "22061"), ("GR", "630 86"), ("FR", "97110"), ("FR", "97410"),
    ("FR", "98714"), ("DK", "3900"), ("DK", "DK-3992"),
]  # fmt: skip
INSIDE = [
    ("DE", "10115", "DE"), ("DE", "D-10115", "DE"), ("DE", "", "DE"), ("ES", "07001", "ES"), ("FR", "75001", "FR"),
    ("FR", "20000", "FR"), ("MC", "98000", "FR"), ("FR", "98000", "FR"), ("GB", "BT1 5GS", "GB-NIR"),
    ("GB", "bt15gs", "GB-NIR"), ("PT", "1000-001", "PT"), ("PT", "9000-001", "PT-30"), ("PT", "9500-001", "PT-20"),
    ("AT", "1010", "AT"), ("AT", "6691", "AT-19"), ("AT", "6992", "AT-19"), ("GR", "10431", "GR"),
    ("FI", "00100", "FI"), ("IT", "23030", "IT"), ("SE", "SE-111 22", "SE"),
]  # fmt: skip


@pytest.mark.parametrize(("country", "postcode"), OUTSIDE)
def test_goods_that_leave_the_vat_area_have_no_region(country, postcode):
    assert tax_region(country=country, postcode=postcode) is None


@pytest.mark.parametrize(("country", "postcode", "region"), INSIDE)
def test_goods_in_the_vat_area_have_the_region_of_their_destination(country, postcode, region):
    assert tax_region(country=country, postcode=postcode) == region


@pytest.mark.parametrize("country", ["", "ZZ", "XI", "GB-NIR", "PT-20", "de", "🇩🇪"])
def test_what_is_no_country_of_the_area_has_no_region(country):
    assert tax_region(country=country, postcode="\x00 ٣") is None
