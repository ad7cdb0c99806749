"""The demo's catalogue in German."""

from shop.demo.products.german import desk, home, kitchen, outdoors, sound, wear

_SHELVES = {"sound": sound, "desk": desk, "home": home, "wear": wear, "outdoors": outdoors, "kitchen": kitchen}

CATEGORIES = {slug: shelf.CATEGORY for slug, shelf in _SHELVES.items()}
PRODUCTS = {sku: text for shelf in _SHELVES.values() for sku, text in shelf.PRODUCTS.items()}
