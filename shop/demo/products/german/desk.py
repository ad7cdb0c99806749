"""German texts of the demo: “Cameras & Desk”."""

from shop.demo.products.product_data import CategoryTextData, TextData

CATEGORY = CategoryTextData(
    name="Kameras & Schreibtisch",
    blurb="Dinge mit Linse, Tasten oder Bildschirm, die länger halten sollen als eine Saison.",
)

PRODUCTS = {
    "FIE-001": TextData(
        name="Feldkamera",
        tagline="Für geduldige Menschen",
        description=(
            "Eine spiegellose Kamera mit fester Brennweite von 35 mm, Rädern für alles Wichtige und einem Akku, "
            "der einen langen Tag übersteht."
        ),
    ),
    "SLA-001": TextData(
        name="Laptop Slate",
        tagline="Ohne Lüfter, schnell genug",
        description=(
            "Ein Laptop mit 14 Zoll aus wiederverwertetem Aluminium. Sechzehn Stunden schreiben, neun Stunden "
            "bauen, null Stunden Lüfterlärm."
        ),
    ),
    "ATE-001": TextData(
        name="Arbeitsplatz Atelier",
        tagline="Der stille Motor auf dem Tisch",
        description=(
            "Ein Komplettrechner mit 27 Zoll und einem matten Bildschirm, der Druckfarben zeigt, wie sie sind. "
            "Mit Tastatur."
        ),
    ),
    "CLA-001": TextData(
        name="Tastatur Clatter",
        tagline="Spürbar, aber kein Theater",
        description=(
            "Eine flache mechanische Tastatur mit wechselbaren Schaltern und Beschriftungen, die sich nicht abnutzen."
        ),
    ),
    "PEB-001": TextData(
        name="Maus Pebble",
        tagline="Kleine Hand, große Reichweite",
        description=("Eine leise kabellose Maus, die auch auf Glas läuft und zweimal im Jahr geladen werden will."),
    ),
    "TES-001": TextData(
        name="Telefon Tessera",
        tagline="Nur Bildschirm, kein Unsinn",
        description=(
            "Ein kompaktes Telefon mit sechs Jahren Aktualisierungen und einer Rückseite, die sich mit einer "
            "Münze öffnen lässt."
        ),
    ),
    "ARC-001": TextData(
        name="Joystick Arcade",
        tagline="Nur für Höchststände",
        description=(
            "Ein Joystick mit acht Richtungen und dem Klicken, an das Sie sich erinnern. USB, schwerer Fuß, "
            "rutscht nicht."
        ),
    ),
    "ORB-001": TextData(
        name="Gamepad Orbit",
        tagline="Halt für lange Abende",
        description=(
            "Ein kabelloses Gamepad, dessen Sticks nicht driften, mit vier Tasten auf der Rückseite, die Sie "
            "selbst belegen."
        ),
    ),
    "HEL-001": TextData(
        name="Teleskop Helios",
        tagline="Saturnringe inbegriffen",
        description=(
            "Ein Refraktor mit 90 mm auf einem leichten Stativ, das eine Person trägt und in fünf Minuten aufstellt."
        ),
    ),
    "MER-001": TextData(
        name="Armbanduhr Meridian",
        tagline="Immer pünktlich",
        description=("Eine Automatikuhr mit gewölbtem Glas und einem Band, das sich ohne Werkzeug wechseln lässt."),
    ),
}
