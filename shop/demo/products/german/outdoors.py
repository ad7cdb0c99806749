"""German texts of the demo: “Outdoors & Sport”."""

from shop.demo.products.product_data import CategoryTextData, TextData

CATEGORY = CategoryTextData(name="Draußen & Sport", blurb="Für Straßen, Flüsse und den Park um die Ecke.")

PRODUCTS = {
    "CIT-001": TextData(
        name="Stadtrad",
        tagline="Aufrecht und ohne Eile",
        description=(
            "Ein Stadtrad mit drei Gängen, Schutzblechen, Kettenkasten und Licht, das nie eine Batterie braucht."
        ),
    ),
    "BAS-001": TextData(
        name="Zelt Basecamp",
        tagline="Steht vor dem Regen",
        description="Ein Zelt für zwei, das in vier Minuten steht. 2,1 kg, zwei Vorräume, kein Fluchen.",
    ),
    "KER-001": TextData(
        name="Skateboard Kerb",
        tagline="Sieben Lagen Mut",
        description=("Ein Deck aus Ahorn mit weichen Rollen, die über alles gleiten, was auf Gehwegen liegen bleibt."),
    ),
    "STI-001": TextData(
        name="Kanu Stillwater",
        tagline="Der schöne Umweg",
        description=(
            "Ein stabiles Kanu für zwei mit einem Paddel aus Holz. Auf Verabredung an Ihr nächstes Ufer geliefert."
        ),
    ),
    "POW-001": TextData(
        name="Ski Powder",
        tagline="Erster Lift, letzte Abfahrt",
        description=(
            "Ski und Schuhe für alle Pisten, aufeinander abgestimmt und montiert. Ihr Gewicht sagen Sie uns nach "
            "der Bestellung; wir sagen es niemandem."
        ),
    ),
    "TRU-001": TextData(
        name="Kompass True North",
        tagline="Braucht kein Netz",
        description=(
            "Ein Taschenkompass aus Messing mit gedämpfter Nadel und einem Deckel, der mit einem Klick schließt."
        ),
    ),
    "MAT-001": TextData(
        name="Fußball Matchday",
        tagline="Neunzig Minuten und mehr",
        description="Ein von Hand genähter Ball der Größe 5, der seinen Druck eine Saison lang hält.",
    ),
    "HOO-001": TextData(
        name="Basketball Hoop",
        tagline="Griffig vom ersten Dribbling an",
        description="Ein Ball aus Kunstleder, für das Parkett drinnen und den Asphalt draußen.",
    ),
    "RAL-001": TextData(
        name="Tennisschläger Rally",
        tagline="Große Mitte, kleines Ego",
        description="Ein bespannter Tennisschläger mit 280 g und einem Ball, damit Sie gleich anfangen können.",
    ),
    "ZEP-001": TextData(
        name="Drachen Zephyr",
        tagline="Leine genug",
        description=(
            "Ein Einleiner, der schon bei leichtem Wind steigt. Verschwindet in seiner eigenen Schwanztasche."
        ),
    ),
}
