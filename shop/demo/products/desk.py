"""Products of the demo: “Cameras & Desk”."""

from shop.demo.products.product_data import CategoryData, ProductData

CATEGORY = CategoryData(
    slug="desk",
    colour="violet",
    name="Cameras & Desk",
    blurb="Things with a lens, a key or a screen, chosen to last longer than a season.",
)

PRODUCTS = [
    ProductData(
        sku="FIE-001",
        slug="field-camera",
        name="Field Camera",
        tagline="Made for patient people",
        description=(
            "A mirrorless camera with a fixed 35 mm lens, dials for everything that matters and a battery "
            "that survives a long day."
        ),
        category=CATEGORY.slug,
        price=64900,
        image="shop/products/camera.webp",
        stock=21,
    ),
    ProductData(
        sku="SLA-001",
        slug="slate-laptop",
        name="Slate Laptop",
        tagline="Fanless and fast enough",
        description=(
            "A 14-inch laptop in recycled aluminium. Sixteen hours of writing, nine of building, none of fan noise."
        ),
        category=CATEGORY.slug,
        price=129900,
        image="shop/products/laptop.webp",
        stock=16,
    ),
    ProductData(
        sku="ATE-001",
        slug="atelier-workstation",
        name="Atelier Workstation",
        tagline="The desk's quiet engine",
        description=(
            "A 27-inch all-in-one with a matte screen that shows print colours as they are. Keyboard included."
        ),
        category=CATEGORY.slug,
        price=189900,
        image="shop/products/desktop.webp",
        stock=3,
    ),
    ProductData(
        sku="CLA-001",
        slug="clatter-keyboard",
        name="Clatter Keyboard",
        tagline="Tactile, not theatrical",
        description="A low mechanical keyboard with hot-swappable switches and legends that will not wear off.",
        category=CATEGORY.slug,
        price=12900,
        image="shop/products/keyboard.webp",
        stock=73,
    ),
    ProductData(
        sku="PEB-001",
        slug="pebble-mouse",
        name="Pebble Mouse",
        tagline="Small hand, long reach",
        description="A silent wireless mouse that works on glass and asks for a charge twice a year.",
        category=CATEGORY.slug,
        price=4900,
        image="shop/products/mouse.webp",
        stock=120,
    ),
    ProductData(
        sku="TES-001",
        slug="tessera-phone",
        name="Tessera Phone",
        tagline="All screen, no nonsense",
        description="A compact phone with six years of updates and a back that opens with a coin.",
        category=CATEGORY.slug,
        price=54900,
        image="shop/products/phone.webp",
        stock=34,
    ),
    ProductData(
        sku="MER-001",
        slug="meridian-watch",
        name="Meridian Watch",
        tagline="Always on time",
        description="An automatic wristwatch with a domed crystal and a strap that changes without a tool.",
        category=CATEGORY.slug,
        price=21900,
        image="shop/products/watch.webp",
        stock=26,
    ),
    ProductData(
        sku="ARC-001",
        slug="arcade-stick",
        name="Arcade Stick",
        tagline="High scores only",
        description="An eight-way joystick with the click you remember. USB, heavy base, non-slip feet.",
        category=CATEGORY.slug,
        price=7900,
        image="shop/products/joystick.webp",
        stock=47,
    ),
    ProductData(
        sku="ORB-001",
        slug="orbit-gamepad",
        name="Orbit Gamepad",
        tagline="Grip for long evenings",
        description="A wireless gamepad with drift-free sticks and four buttons on the back that you can teach.",
        category=CATEGORY.slug,
        price=5900,
        image="shop/products/gamepad.webp",
        stock=88,
    ),
    ProductData(
        sku="HEL-001",
        slug="helios-telescope",
        name="Helios Telescope",
        tagline="Rings of Saturn included",
        description="A 90 mm refractor on a light tripod that one person can carry and set up in five minutes.",
        category=CATEGORY.slug,
        price=34900,
        image="shop/products/telescope.webp",
        stock=8,
    ),
]
