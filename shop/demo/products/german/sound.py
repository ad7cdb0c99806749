"""German texts of the demo: “Sound & Music”."""

from shop.demo.products.product_data import CategoryTextData, TextData

CATEGORY = CategoryTextData(
    name="Klang & Musik", blurb="Instrumente und Geräte zum Hören, die laut gespielt werden wollen."
)

PRODUCTS = {
    "AUR-001": TextData(
        name="Kopfhörer Aurora",
        tagline="Stille auf Wunsch",
        description=(
            "Kabellose Kopfhörer mit einer Geräuschunterdrückung, die Ihren Arbeitsweg lernt. Vierzig Stunden mit "
            "einer Ladung, und zusammengelegt passen sie in die Manteltasche."
        ),
    ),
    "STU-001": TextData(
        name="Studiogitarre",
        tagline="Drei Tonabnehmer, ein Temperament",
        description=(
            "Eine E-Gitarre aus massivem Holz mit einem Hals aus Ahorn und einem Lack, der Gürtelschnallen "
            "verzeiht. Eingestellt und gestimmt, bevor sie uns verlässt."
        ),
    ),
    "NOC-001": TextData(
        name="Bühnenklavier Nocturne",
        tagline="Gewichtete Tasten, dünne Wände",
        description=(
            "Ein Bühnenklavier mit 61 Tasten, Hammermechanik und Kopfhörerbuchse, für alle, die nach zehn Uhr "
            "abends üben."
        ),
    ),
    "RIV-001": TextData(
        name="Snare Riveter",
        tagline="Knallt, ohne zu scheppern",
        description=(
            "Eine Snare aus Birke, 14 Zoll, mit gegossenen Spannreifen. Zwei Stöcke aus Hickory liegen bei, eine "
            "Entschuldigung bei den Nachbarn nicht."
        ),
    ),
    "BRA-001": TextData(
        name="Saxofon Brass Alley",
        tagline="Das Alt für das zweite Set",
        description=(
            "Ein Altsaxofon aus lackiertem Messing mit einem Mundstück, das leicht anspricht. Mit Koffer, "
            "Blättern und Putztuch."
        ),
    ),
    "CRE-001": TextData(
        name="Geige Cremona",
        tagline="Fichte, die singt",
        description=(
            "Eine ganze Geige aus Fichte und geflammtem Ahorn, acht Jahre gereift. Bogen, Kolophonium und ein "
            "leichter Koffer sind dabei."
        ),
    ),
    "REV-001": TextData(
        name="Trompete Reveille",
        tagline="Hell noch vor dem Frühstück",
        description=(
            "Eine B-Trompete mit Ventilen aus Edelstahl, die auch in der Kälte schnell bleiben. Von Blaskapellen "
            "geliebt, von allen anderen ertragen."
        ),
    ),
    "HUS-001": TextData(
        name="Mikrofon Hush",
        tagline="Ihre Stimme, ohne das Zimmer",
        description=(
            "Ein USB-Kondensatormikrofon mit enger Richtwirkung und einer Stummtaste, die zeigt, was sie tut."
        ),
    ),
    "KIO-001": TextData(
        name="Radio Kiosk",
        tagline="Einstellen und laufen lassen",
        description=(
            "UKW, DAB+ und ein Drehknopf mit echtem Widerstand. Läuft ein Wochenende mit einer Ladung und klingt "
            "größer, als es aussieht."
        ),
    ),
    "PRA-001": TextData(
        name="Banjo Prairie",
        tagline="Fünf Saiten, keine Sorgen",
        description=(
            "Ein offenes Banjo mit rauem Fell und einem warmen, kurzen Ton. Leicht genug für die Reise, laut "
            "genug für die erste Stimme."
        ),
    ),
}
