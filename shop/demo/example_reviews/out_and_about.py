"""Example reviews of clothes, bags and outdoor equipment."""

from shop.demo.example_reviews.review_data import Example

EXAMPLES = [
    Example(
        "STR-001",
        4,
        "Abebe T.",
        "600 km so far",
        "The sole still rolls as on the first day. The knit has a hole at the small toe, which may be my toe.",
    ),
    Example("STR-001", 5, "Katrin S.", "Dry by noon", "Ran through a stream in the morning and wore them to lunch."),
    Example(
        "STR-001", 3, "Miles O.", "Half a size down", "True to size, they say. Not for me. The exchange was quick."
    ),
    Example(
        "LIN-001",
        5,
        "Valentina C.",
        "Holds lunch",
        "A tablet, a book and lunch, as written, and it still closes. The leather gets better with every month.",
    ),
    Example(
        "LIN-001", 4, "Greta N.", "Smells of leather for a week", "In a good way. One inside pocket more would be nice."
    ),
    Example(
        "SUM-001",
        5,
        "Emre K.",
        "The pockets are where I look",
        "Whoever designed this has missed trains. Keys, ticket, bottle, all without taking it off.",
    ),
    Example("SUM-001", 4, "Jolanta W.", "Rain cover is bright yellow", "I am visible from space now. Dry, too."),
    Example(
        "REA-001",
        3,
        "Oliver D.",
        "Not sure about the blue light",
        "Comfortable, light, good hinges. I cannot tell whether I sleep better.",
    ),
    Example(
        "BOU-001",
        5,
        "Ines M.",
        "They float. I checked.",
        "Not on purpose. A wave, a pier, and five minutes later I had them back.",
    ),
    Example("ENC-001", 5, "Mr. Caruso", "The pop alone is worth it", "Opening night, third row, pop. Applause."),
    Example(
        "HAR-001",
        5,
        "Sorcha B.",
        "Wind stays outside",
        "North pier in January. My nose was cold and nothing else. A paperback does fit.",
    ),
    Example(
        "HAR-001",
        4,
        "Emil J.",
        "Sleeves a little long",
        "The cut is generous. The buttons are real horn, one was loose.",
    ),
    Example("CAR-001", 5, "Renate P.", "Warm without bulk", "I own four scarves. I wear this one."),
    Example("SOC-001", 4, "Hugh T.", "Heels hold", "A year, and no hole. My record before was four months."),
    Example("SOC-001", 5, "Ludmila K.", "Then I bought the spare", "They told me I would want it. They were right."),
    Example(
        "TRA-001",
        4,
        "Birgit A.",
        "One afternoon and one blister",
        "After that, three weeks in Norway without another. Dry all the way.",
    ),
    Example(
        "TRA-001",
        5,
        "Callum M.",
        "Second sole, same boot",
        "Had the sole replaced after two years. Nearly as good as new.",
    ),
    Example(
        "CIT-001",
        5,
        "Femke H.",
        "Upright and unhurried",
        "Skirts, rain, cobbles and a crate of apples. The lights come on by themselves.",
    ),
    Example(
        "CIT-001", 4, "Andrzej N.", "Three gears are enough here", "Here is flat. Think twice if you live on a hill."
    ),
    Example(
        "CIT-001",
        3,
        "Louise P.",
        "Bell fell off",
        "A lovely bike, assembled in a hurry. I tightened everything and am happy now.",
    ),
    Example(
        "BAS-001",
        5,
        "Rafael E.",
        "Four minutes in the rain",
        "Alone, in the rain, in the dark. No swearing, as promised.",
    ),
    Example("BAS-001", 4, "Maeve D.", "Two people who like each other", "It is a two-person tent in the honest sense."),
    Example("KER-001", 4, "Zoe L.", "Soft wheels", "Rolls over our terrible pavement. Too soft for the park."),
    Example("STI-001", 5, "Old Gus", "The heron does not mind", "Quiet and stable. I have taken my tea out in it."),
    Example(
        "STI-001",
        4,
        "Pernille B.",
        "Delivered to the bank",
        "They rang, they came, they carried it down. Bring a friend for the way back.",
    ),
    Example(
        "POW-001",
        3,
        "Kilian R.",
        "Tell them your weight",
        "I forgot to, and the bindings were set for somebody else. Sorted out by phone in a day.",
    ),
    Example(
        "TRU-001",
        5,
        "Ranger Moe",
        "No signal, no problem",
        "The needle settles at once and the lid clicks. I click it a lot.",
    ),
    Example("MAT-001", 4, "Coach Ade", "Kept its pressure", "Half a season of eleven-year-olds. One seam is lifting."),
    Example("HOO-001", 4, "Jamila S.", "Good on asphalt", "Grippy from the start, a bit dusty by autumn."),
    Example("RAL-001", 5, "Dirk F.", "Forgiving", "My backhand thinks that it is better than it is."),
    Example(
        "ZEP-001",
        5,
        "Nils and Ada",
        "Flew at once",
        "We are four and six years old. It flew at once. Papa was not needed.",
    ),
]
