"""Example reviews of products for home and kitchen."""

from shop.demo.example_reviews.review_data import Example

EXAMPLES = [
    Example(
        "OAK-001",
        5,
        "Henrik L.",
        "No wobble",
        "Our floor is from 1904 and nothing stands straight on it. These do. Heavy, as promised.",
    ),
    Example("OAK-001", 4, "Nuria C.", "Felt pads, please", "Beautiful chairs that want felt under their feet."),
    Example(
        "HAV-001",
        4,
        "The Brandts",
        "Washed it twice already",
        "Two children and a dog. The covers come off, come clean and go on again, the last with some swearing.",
    ),
    Example(
        "HAV-001", 5, "Imogen F.", "I live here now", "The lamp arcs over my corner and I have read nine books since."
    ),
    Example("DRI-001", 3, "Yusuf B.", "Twenty-five minutes", "One key, yes. Twenty minutes, no. It is quiet at night."),
    Example("DRI-001", 5, "Lotte M.", "Everything fits below", "Four suitcases and the winter duvets. No creaking."),
    Example(
        "FIL-001",
        5,
        "Stefano A.",
        "Warm down to ten percent",
        "No flicker with our old dimmer, which ate three other brands.",
    ),
    Example(
        "FIL-001",
        2,
        "Deborah Q.",
        "Died after a month",
        "One of four did. A new one came without questions, so two stars.",
    ),
    Example("EMB-001", 4, "Solveig R.", "Smells like a cabin", "Cedar first, smoke later. Strong in a small bathroom."),
    Example(
        "FER-001",
        5,
        "Theo N.",
        "I forgot it for three weeks",
        "It forgave me, with a new leaf. The pot was packed better than my wedding china.",
    ),
    Example("FER-001", 4, "Aylin K.", "Smaller than I thought", "A young plant is a small plant. It has grown since."),
    Example(
        "FER-001",
        1,
        "Bruno V.",
        "Arrived cold",
        "It was minus nine and the parcel stood outside for a day. The plant did not make it.",
    ),
    Example("MAN-001", 5, "Edith G.", "Really does not tick", "I put my ear on it. Nothing. The walnut is lovely."),
    Example("PET-001", 4, "Chiara D.", "One hook, one try", "Straight at the first try. The brass is a touch yellow."),
    Example("WIN-001", 5, "Kofi O.", "No glare, as promised", "It hangs opposite a window and I still see the hills."),
    Example("LAN-001", 4, "Mina S.", "Light as air", "The cable is long enough for once. Dust shows after a month."),
    Example(
        "PEO-001",
        5,
        "Winifred H.",
        "It does not drip",
        "I poured slowly, fast, with the left hand and in a hurry. It does not drip. I have waited years for it.",
    ),
    Example("PEO-001", 5, "Arjun M.", "Four honest cups", "Four mugs, not four thimbles. Keeps warm for half an hour."),
    Example(
        "PEO-001", 4, "Jacqueline T.", "Lid is a bit loose", "Hold the lid when you pour the last cup. Else perfect."
    ),
    Example("MOR-001", 4, "Piotr Z.", "My mug", "Nobody else may use it. The saucer is for biscuits."),
    Example("MOR-001", 5, "Leonie W.", "Bought one, then five", "Survives our dishwasher, which is a brute."),
    Example(
        "SKI-001",
        5,
        "Marco B.",
        "Eggs do slide",
        "Third breakfast, no sticking. Do not put it in the dishwasher, and tell your flatmate, too.",
    ),
    Example(
        "SKI-001",
        3,
        "Sara J.",
        "Rust on day two",
        "My fault, I left it wet. A line in the box about drying would help.",
    ),
    Example("LON-001", 5, "Grandma Ilse", "Sunday in one pot", "Goulash for nine with some left for Monday."),
    Example(
        "LON-001", 4, "Amadou S.", "Heavy base, hot handles", "Cooks evenly. Have a cloth at hand for the handles."
    ),
    Example("MEA-001", 5, "Freya L.", "Tastes of lime trees", "Last year's was darker. I like that they say so."),
    Example("MEA-001", 4, "Vaclav H.", "Crystals", "It set after six weeks, as real honey does. Warm water helps."),
    Example("DAR-001", 5, "Noemi P.", "Snap", "Two squares after dinner. All right, four."),
    Example("DAR-001", 3, "Keith A.", "Too bitter for me", "Well made, surely. I wanted it to be 60 %."),
    Example(
        "ALP-001",
        5,
        "Reto G.",
        "From the right side of the hill",
        "Nutty, a little salt, and small crystals. Came cool.",
    ),
    Example(
        "CHE-001",
        5,
        "Nobuko F.",
        "Falls through onions",
        "Balanced where it should be. I sent it for sharpening after a year and had it back within the week.",
    ),
    Example("CHE-001", 4, "Daan V.", "Respect it", "Sharper than I was ready for. Buy plasters."),
    Example("LAC-001", 4, "Tuan L.", "Grip, at last", "Textured tips make all the difference with glass noodles."),
    Example(
        "BAT-001", 4, "Poppy R.", "Stays where it is", "The rubber foot works. The spoon's hook is a gimmick I now use."
    ),
]
