"""`SHIPPING_CARRIERS`: what is not a carrier is refused by a sentence that names it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from shipping.carriers import carriers


@pytest.mark.parametrize(
    "path",
    [
        "nowhere.Carrier",
        "os.path.join",
        "os.environ",
        "shipping.carriers.Carrier",
        "collections.Counter",
        "zipfile.Path",
    ],
)
def test_another_class_is_refused(settings, path):
    settings.SHIPPING_CARRIERS = (path,)
    with pytest.raises(ImproperlyConfigured, match=f"SHIPPING_CARRIERS contains {path}, which is not a carrier: "):
        carriers()
