"""Products of the demo: “Sound & Music”."""

from shop.demo.products.product_data import CategoryData, ProductData

CATEGORY = CategoryData(
    slug="sound",
    colour="amber",
    name="Sound & Music",
    blurb="Instruments and listening gear that want to be played loud.",
)

PRODUCTS = [
    ProductData(
        sku="AUR-001",
        slug="aurora-headphones",
        name="Aurora Headphones",
        tagline="Silence on demand",
        description=(
            "Wireless over-ear headphones with noise cancelling that learns your commute. Forty hours on a "
            "charge, and a fold that fits a coat pocket."
        ),
        category=CATEGORY.slug,
        price=14900,
        image="shop/products/headphones.webp",
        stock=42,
    ),
    ProductData(
        sku="STU-001",
        slug="studio-guitar",
        name="Studio Guitar",
        tagline="Three pickups, one temper",
        description=(
            "A solid-body electric guitar with a maple neck and a finish that forgives belt buckles. Set up "
            "and tuned before it leaves us."
        ),
        category=CATEGORY.slug,
        price=49900,
        image="shop/products/guitar.webp",
        stock=12,
    ),
    ProductData(
        sku="NOC-001",
        slug="nocturne-keys",
        name="Nocturne Keys",
        tagline="Weighted keys, thin walls",
        description=(
            "A 61-key stage piano with hammer action and a headphone socket, for those who practise after ten"
            " in the evening."
        ),
        category=CATEGORY.slug,
        price=62900,
        image="shop/products/piano.webp",
        stock=7,
    ),
    ProductData(
        sku="RIV-001",
        slug="riveter-snare",
        name="Riveter Snare",
        tagline="Crack, not rattle",
        description=(
            "A 14-inch birch snare with die-cast hoops. Comes with two hickory sticks and no apology to your "
            "neighbours."
        ),
        category=CATEGORY.slug,
        price=18900,
        image="shop/products/drum.webp",
        stock=18,
    ),
    ProductData(
        sku="BRA-001",
        slug="brass-alley-saxophone",
        name="Brass Alley Saxophone",
        tagline="The alto for second sets",
        description=(
            "An alto saxophone in lacquered brass with a mouthpiece that speaks easily. Case, reeds and "
            "cleaning cloth included."
        ),
        category=CATEGORY.slug,
        price=84900,
        image="shop/products/saxophone.webp",
        stock=3,
    ),
    ProductData(
        sku="CRE-001",
        slug="cremona-violin",
        name="Cremona Violin",
        tagline="Spruce that sings",
        description=(
            "A full-size violin carved from spruce and flamed maple, aged for eight years. Bow, rosin and a "
            "light case included."
        ),
        category=CATEGORY.slug,
        price=73900,
        image="shop/products/violin.webp",
        stock=5,
    ),
    ProductData(
        sku="REV-001",
        slug="reveille-trumpet",
        name="Reveille Trumpet",
        tagline="Bright before breakfast",
        description=(
            "A B-flat trumpet with stainless valves that stay quick in the cold. Loved by marching bands, "
            "endured by everyone else."
        ),
        category=CATEGORY.slug,
        price=39900,
        image="shop/products/trumpet.webp",
        stock=9,
    ),
    ProductData(
        sku="HUS-001",
        slug="hush-microphone",
        name="Hush Microphone",
        tagline="Your voice, without the room",
        description="A USB condenser microphone with a tight pattern and a mute button that shows what it does.",
        category=CATEGORY.slug,
        price=11900,
        image="shop/products/microphone.webp",
        stock=64,
    ),
    ProductData(
        sku="KIO-001",
        slug="kiosk-radio",
        name="Kiosk Radio",
        tagline="Tune in, then leave it on",
        description=(
            "FM, DAB+ and a dial with real resistance. Runs for a weekend on its battery and sounds larger "
            "than it looks."
        ),
        category=CATEGORY.slug,
        price=8900,
        image="shop/products/radio.webp",
        stock=55,
    ),
    ProductData(
        sku="PRA-001",
        slug="prairie-banjo",
        name="Prairie Banjo",
        tagline="Five strings, no worries",
        description=(
            "An open-back banjo with a frosted head and a warm, short tone. Light enough to travel, loud "
            "enough to lead."
        ),
        category=CATEGORY.slug,
        price=32900,
        image="shop/products/banjo.webp",
        stock=0,
    ),
]
