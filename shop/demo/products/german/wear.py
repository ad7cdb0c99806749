"""German texts of the demo: “Clothes & Bags”."""

from shop.demo.products.product_data import CategoryTextData, TextData

CATEGORY = CategoryTextData(
    name="Kleidung & Taschen", blurb="Gemacht, um oft getragen, einmal geflickt und weitergegeben zu werden."
)

PRODUCTS = {
    "REA-001": TextData(
        name="Lesebrille Reader",
        tagline="In allem klar",
        description="Eine Blaulichtbrille aus Bioacetat mit Federscharnieren. Etui und Tuch liegen bei.",
    ),
    "STR-001": TextData(
        name="Laufschuh Stride",
        tagline="Leicht auf langen Wegen",
        description=(
            "Laufschuhe mit gebogener Sohle und gestricktem Obermaterial. Fallen normal aus, trocknen schnell."
        ),
    ),
    "LIN-001": TextData(
        name="Handtasche Linden",
        tagline="Zwei Fächer, eine Entscheidung",
        description=(
            "Eine formstabile Tasche in zwei Tönen pflanzlich gegerbten Leders. Fasst ein Tablet, ein Buch und "
            "das Mittagessen."
        ),
    ),
    "SUM-001": TextData(
        name="Rucksack Summit",
        tagline="Trägt das Wochenende",
        description=(
            "Ein Tagesrucksack mit 24 Litern, festem Rücken, Regenhülle und Taschen, wo die Hände sie suchen."
        ),
    ),
    "BOU-001": TextData(
        name="Sonnenbrille Boulevard",
        tagline="Für langsames Gehen",
        description="Polarisierte Sonnenbrille mit Gläsern der Kategorie 3 und einem Rahmen, der schwimmt.",
    ),
    "ENC-001": TextData(
        name="Zylinder Encore",
        tagline="Für die letzte Verbeugung",
        description=(
            "Wollfilz mit Satinband. Lässt sich flach drücken und springt mit einem zufriedenen Plopp wieder auf."
        ),
    ),
    "HAR-001": TextData(
        name="Mantel Harbour",
        tagline="Der Wind bleibt draußen",
        description=("Ein halblanger Mantel aus Walkwolle mit Hornknöpfen und einer Innentasche für ein Taschenbuch."),
    ),
    "CAR-001": TextData(
        name="Schal Cardinal",
        tagline="Zwei Meter Rot",
        description="Merino und Seide, auf einer Seite gebürstet. Wärmt, ohne aufzutragen.",
    ),
    "SOC-001": TextData(
        name="Sonntagssocken",
        tagline="Ein Paar und eins zur Reserve",
        description=("Gekämmte Baumwolle mit verstärkter Ferse. Als Paar verkauft; Sie werden noch eines wollen."),
    ),
    "TRA-001": TextData(
        name="Wanderstiefel Trail",
        tagline="Matsch ist auch ein Muster",
        description="Ein wasserdichter Wanderstiefel mit erneuerbarer Sohle. Einlaufzeit: ein Nachmittag.",
    ),
}
