"""German texts of the demo: “Home & Living”."""

from shop.demo.products.product_data import CategoryTextData, TextData

CATEGORY = CategoryTextData(name="Wohnen & Zuhause", blurb="Möbel und kleine Freuden für Zimmer, in denen gelebt wird.")

PRODUCTS = {
    "OAK-001": TextData(
        name="Eichenstuhl",
        tagline="Vier Beine, kein Wackeln",
        description=(
            "Ein Esszimmerstuhl aus massiver Eiche, von Hand geölt. Höchstens zu zweit stapeln: Er ist schwerer, "
            "als er aussieht."
        ),
    ),
    "HAV-001": TextData(
        name="Sofa Haven",
        tagline="Platz für noch jemanden",
        description=(
            "Ein Dreisitzer mit waschbaren Bezügen und einer Leselampe, die sich über Ihre Lieblingsecke beugt."
        ),
    ),
    "DRI-001": TextData(
        name="Bett Drift",
        tagline="Hier beginnt der Montag",
        description=(
            "Ein niedriges Bettgestell mit Lattenrost und Stauraum darunter. Mit einem Schlüssel in zwanzig "
            "Minuten aufgebaut."
        ),
    ),
    "FIL-001": TextData(
        name="Glühlampe Filament",
        tagline="Eine wärmere Art von hell",
        description=(
            "Eine dimmbare LED-Lampe, die glüht wie ein Faden und ein Zehntel des Stroms braucht. Einzeln verkauft."
        ),
    ),
    "EMB-001": TextData(
        name="Kerze Ember",
        tagline="Zeder, Rauch, Ruhe",
        description=(
            "Sojawachs, von Hand gegossen, mit Docht aus Baumwolle. Vierzig Stunden Brenndauer, einige Minuten "
            "zum Hineinschauen."
        ),
    ),
    "FER-001": TextData(
        name="Gummibaum im Topf",
        tagline="Kaum kleinzukriegen",
        description=(
            "Ein junger Gummibaum im Terrakottatopf, am Tag des Versands eingetopft. Mag Licht, verzeiht "
            "Vergesslichkeit."
        ),
    ),
    "MAN-001": TextData(
        name="Kaminuhr",
        tagline="Zählt, ohne zu ticken",
        description="Eine Tischuhr aus Nussbaum mit lautlosem Werk und Füßen aus Messing.",
    ),
    "PET-001": TextData(
        name="Spiegel Petal",
        tagline="Freundlich bei jedem Licht",
        description="Ein Wandspiegel im gewellten Messingrahmen, 60 cm hoch. Hängt an einem einzigen Haken.",
    ),
    "WIN-001": TextData(
        name="Fensterbild",
        tagline="Eine Aussicht für jede Wand",
        description=(
            "Ein gerahmter Kunstdruck von Hügeln, auf denen Sie beinahe schon waren. Rahmen aus Buche, Glas, das "
            "nicht blendet."
        ),
    ),
    "LAN-001": TextData(
        name="Lampion Festival",
        tagline="Papier, Licht und etwas Wind",
        description="Ein Lampion aus Reispapier mit Reifen aus Holz und drei Metern Kabel.",
    ),
}
