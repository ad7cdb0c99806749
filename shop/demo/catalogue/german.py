"""What is the demo shop's range called in German?"""

from shop.demo.catalogue.data import CategoryTextData, TextData

CATEGORIES = {
    "sound": CategoryTextData(
        name="Klang & Musik", blurb="Instrumente und Geräte zum Hören, die laut gespielt werden wollen."
    ),
}

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
            "Eine E-Gitarre aus massivem Holz mit einem Hals aus Ahorn und einem Lack, der Gürtelschnallen verzeiht. "
            "Eingestellt und gestimmt, bevor sie uns verlässt."
        ),
    ),
    "NOC-001": TextData(
        name="Bühnenklavier Nocturne",
        tagline="Gewichtete Tasten, dünne Wände",
        description=(
            "Ein Bühnenklavier mit 61 Tasten, Hammermechanik und Kopfhörerbuchse, für alle, die nach zehn Uhr abends "
            "üben."
        ),
    ),
}
