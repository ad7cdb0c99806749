"""Products of the demo: “Home & Living”."""

from shop.demo.products.product_data import CategoryData, ProductData

CATEGORY = CategoryData(
    slug="home", colour="teal", name="Home & Living", blurb="Furniture and small comforts for rooms that are lived in."
)

PRODUCTS = [
    ProductData(
        sku="OAK-001",
        slug="oak-chair",
        name="Oak Chair",
        tagline="Four legs, no wobble",
        description=("A dining chair in solid oak, oiled by hand. Stack of two at most: it is heavier than it looks."),
        category=CATEGORY.slug,
        price=15900,
        image="shop/products/chair.webp",
        stock=40,
    ),
    ProductData(
        sku="HAV-001",
        slug="haven-sofa",
        name="Haven Sofa",
        tagline="Room for one more",
        description=("A three-seat sofa with washable covers and a reading lamp that arcs over your favourite corner."),
        category=CATEGORY.slug,
        price=99900,
        image="shop/products/sofa.webp",
        stock=6,
    ),
    ProductData(
        sku="DRI-001",
        slug="drift-bed",
        name="Drift Bed",
        tagline="Monday starts here",
        description=(
            "A low bed frame with a slatted base and storage underneath. Assembled with one key in twenty minutes."
        ),
        category=CATEGORY.slug,
        price=74900,
        image="shop/products/bed.webp",
        stock=11,
    ),
    ProductData(
        sku="FIL-001",
        slug="filament-bulb",
        name="Filament Bulb",
        tagline="A warmer kind of bright",
        description="A dimmable LED bulb with the glow of a filament at a tenth of the power. Sold singly.",
        category=CATEGORY.slug,
        price=1290,
        image="shop/products/bulb.webp",
        stock=300,
    ),
    ProductData(
        sku="EMB-001",
        slug="ember-candle",
        name="Ember Candle",
        tagline="Cedar, smoke, quiet",
        description="Hand-poured soy wax with a cotton wick. Forty hours of burning, a few minutes of staring.",
        category=CATEGORY.slug,
        price=2490,
        image="shop/products/candle.webp",
        stock=140,
    ),
    ProductData(
        sku="FER-001",
        slug="fern-clay",
        name="Fern & Clay",
        tagline="Hard to kill",
        description=(
            "A young rubber plant in a terracotta pot, potted on the day that it ships. Likes light, forgives neglect."
        ),
        category=CATEGORY.slug,
        price=3490,
        image="shop/products/plant.webp",
        stock=37,
    ),
    ProductData(
        sku="MAN-001",
        slug="mantel-clock",
        name="Mantel Clock",
        tagline="Counts without ticking",
        description="A walnut table clock with a silent sweep movement and brass feet.",
        category=CATEGORY.slug,
        price=8990,
        image="shop/products/clock.webp",
        stock=19,
    ),
    ProductData(
        sku="PET-001",
        slug="petal-mirror",
        name="Petal Mirror",
        tagline="Kind in every light",
        description="A wall mirror in a scalloped brass frame, 60 cm tall. Hangs on one hook.",
        category=CATEGORY.slug,
        price=7490,
        image="shop/products/mirror.webp",
        stock=24,
    ),
    ProductData(
        sku="WIN-001",
        slug="window-print",
        name="Window Print",
        tagline="A view for any wall",
        description=(
            "A framed giclée print of hills that you have almost been to. Beech frame, glass that does not glare."
        ),
        category=CATEGORY.slug,
        price=6490,
        image="shop/products/picture.webp",
        stock=52,
    ),
    ProductData(
        sku="LAN-001",
        slug="lantern-festival",
        name="Lantern Festival",
        tagline="Paper, light and a little wind",
        description="A rice-paper lantern with a wooden hoop and a three-metre cable.",
        category=CATEGORY.slug,
        price=3990,
        image="shop/products/lantern.webp",
        stock=3,
    ),
]
