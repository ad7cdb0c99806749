"""German texts of the demo catalogue."""

from shop.demo.products.german import desk, home, kitchen, outdoors, sound, wear

_CATEGORIES = {"sound": sound, "desk": desk, "home": home, "wear": wear, "outdoors": outdoors, "kitchen": kitchen}

CATEGORIES = {slug: module.CATEGORY for slug, module in _CATEGORIES.items()}
PRODUCTS = {sku: text for module in _CATEGORIES.values() for sku, text in module.PRODUCTS.items()}
