"""German texts of the demo: “Kitchen & Pantry”."""

from shop.demo.products.product_data import CategoryTextData, TextData

CATEGORY = CategoryTextData(name="Küche & Vorrat", blurb="Gutes Werkzeug, und ein paar gute Dinge dazu.")

PRODUCTS = {
    "PEO-001": TextData(
        name="Teekanne Peony",
        tagline="Gießt bis zum letzten Tropfen",
        description=(
            "Eine Teekanne aus Steinzeug für vier Tassen, deren Tülle nicht tropft. Das haben wir geprüft. Oft."
        ),
    ),
    "MOR-001": TextData(
        name="Becher Morning",
        tagline="Hält warm, hält dicht",
        description=(
            "Ein doppelt glasierter Becher aus Porzellan mit Untertasse. Für die Spülmaschine und für Hände gemacht."
        ),
    ),
    "SKI-001": TextData(
        name="Pfanne Nr. 9",
        tagline="Eier, die gleiten",
        description=(
            "Eine Pfanne aus Kohlenstoffstahl, 26 cm, in der Schmiede eingebrannt. Wird mit jedem Frühstück besser."
        ),
    ),
    "LON-001": TextData(
        name="Schmortopf Long Simmer",
        tagline="Der Sonntag in einem Topf",
        description="Ein Stahltopf mit fünf Litern, schwerem Boden und einem Deckel, der den Dampf behält.",
    ),
    "MEA-001": TextData(
        name="Wiesenhonig",
        tagline="Von einem einzigen Hang",
        description="500 g ungefilterter Sommerhonig im Tontopf. Jede Ernte schmeckt nach ihrem Jahr.",
    ),
    "DAR-001": TextData(
        name="Dunkle Tafel 72 %",
        tagline="Kakao, Zucker, sonst nichts",
        description="Eine Tafel mit 100 g von zwei Bauern, mild geröstet. Bricht mit einem Knacken.",
    ),
    "ALP-001": TextData(
        name="Alpenkäse",
        tagline="Nussig, geduldig, gereift",
        description=("Ein Stück Bergkäse mit 750 g, vierzehn Monate gereift und am Tag des Versands geschnitten."),
    ),
    "CHE-001": TextData(
        name="Kochmesser",
        tagline="Scharf, und bleibt es",
        description=(
            "Ein Messer mit 20 cm aus gelagtem Stahl, am Kropf ausgewogen. Nachschleifen ein Leben lang inbegriffen."
        ),
    ),
    "LAC-001": TextData(
        name="Lackstäbchen",
        tagline="Ein Paar für Gäste",
        description="Zwei Paar in rotem Lack mit rauen Spitzen. Sie halten Nudeln und Groll.",
    ),
    "BAT-001": TextData(
        name="Rührschüssel",
        tagline="Rühren, ohne hinterherzulaufen",
        description="Eine tiefe Schüssel mit Gummifuß und einem Löffel, der sich am Rand einhaken lässt.",
    ),
}
