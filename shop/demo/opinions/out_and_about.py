"""What do the demo's buyers think of clothes, bags and what is for outdoors?"""

from shop.demo.opinions.data import Opinion

OPINIONS = [
    Opinion(
        "STR-001",
        4,
        "Abebe T.",
        "600 km so far",
        "The sole still rolls as on the first day. The knit has a hole at the small toe, which may be my toe.",
    ),
    Opinion("STR-001", 5, "Katrin S.", "Dry by noon", "Ran through a stream in the morning and wore them to lunch."),
    Opinion(
        "STR-001", 3, "Miles O.", "Half a size down", "True to size, they say. Not for me. The exchange was quick."
    ),
    Opinion(
        "LIN-001",
        5,
        "Valentina C.",
        "Holds lunch",
        "A tablet, a book and lunch, as written, and it still closes. The leather gets better with every month.",
    ),
    Opinion(
        "LIN-001", 4, "Greta N.", "Smells of leather for a week", "In a good way. One inside pocket more would be nice."
    ),
    Opinion(
        "SUM-001",
        5,
        "Emre K.",
        "The pockets are where I look",
        "Whoever designed this has missed trains. Keys, ticket, bottle, all without taking it off.",
    ),
    Opinion("SUM-001", 4, "Jolanta W.", "Rain cover is bright yellow", "I am visible from space now. Dry, too."),
    Opinion(
        "REA-001",
        3,
        "Oliver D.",
        "Not sure about the blue light",
        "Comfortable, light, good hinges. I cannot tell whether I sleep better.",
    ),
    Opinion(
        "BOU-001",
        5,
        "Ines M.",
        "They float. I checked.",
        "Not on purpose. A wave, a pier, and five minutes later I had them back.",
    ),
    Opinion("ENC-001", 5, "Mr. Caruso", "The pop alone is worth it", "Opening night, third row, pop. Applause."),
    Opinion(
        "HAR-001",
        5,
        "Sorcha B.",
        "Wind stays outside",
        "North pier in January. My nose was cold and nothing else. A paperback does fit.",
    ),
    Opinion(
        "HAR-001",
        4,
        "Emil J.",
        "Sleeves a little long",
        "The cut is generous. The buttons are real horn, one was loose.",
    ),
    Opinion("CAR-001", 5, "Renate P.", "Warm without bulk", "I own four scarves. I wear this one."),
    Opinion("SOC-001", 4, "Hugh T.", "Heels hold", "A year, and no hole. My record before was four months."),
    Opinion("SOC-001", 5, "Ludmila K.", "Then I bought the spare", "They told me I would want it. They were right."),
    Opinion(
        "TRA-001",
        4,
        "Birgit A.",
        "One afternoon and one blister",
        "After that, three weeks in Norway without another. Dry all the way.",
    ),
    Opinion(
        "TRA-001",
        5,
        "Callum M.",
        "Second sole, same boot",
        "Had the sole replaced after two years. Nearly as good as new.",
    ),
    Opinion(
        "CIT-001",
        5,
        "Femke H.",
        "Upright and unhurried",
        "Skirts, rain, cobbles and a crate of apples. The lights come on by themselves.",
    ),
    Opinion(
        "CIT-001", 4, "Andrzej N.", "Three gears are enough here", "Here is flat. Think twice if you live on a hill."
    ),
    Opinion(
        "CIT-001",
        3,
        "Louise P.",
        "Bell fell off",
        "A lovely bike, assembled in a hurry. I tightened everything and am happy now.",
    ),
    Opinion(
        "BAS-001",
        5,
        "Rafael E.",
        "Four minutes in the rain",
        "Alone, in the rain, in the dark. No swearing, as promised.",
    ),
    Opinion("BAS-001", 4, "Maeve D.", "Two people who like each other", "It is a two-person tent in the honest sense."),
    Opinion("KER-001", 4, "Zoe L.", "Soft wheels", "Rolls over our terrible pavement. Too soft for the park."),
    Opinion("STI-001", 5, "Old Gus", "The heron does not mind", "Quiet and stable. I have taken my tea out in it."),
    Opinion(
        "STI-001",
        4,
        "Pernille B.",
        "Delivered to the bank",
        "They rang, they came, they carried it down. Bring a friend for the way back.",
    ),
    Opinion(
        "POW-001",
        3,
        "Kilian R.",
        "Tell them your weight",
        "I forgot to, and the bindings were set for somebody else. Sorted out by phone in a day.",
    ),
    Opinion(
        "TRU-001",
        5,
        "Ranger Moe",
        "No signal, no problem",
        "The needle settles at once and the lid clicks. I click it a lot.",
    ),
    Opinion("MAT-001", 4, "Coach Ade", "Kept its pressure", "Half a season of eleven-year-olds. One seam is lifting."),
    Opinion("HOO-001", 4, "Jamila S.", "Good on asphalt", "Grippy from the start, a bit dusty by autumn."),
    Opinion("RAL-001", 5, "Dirk F.", "Forgiving", "My backhand thinks that it is better than it is."),
    Opinion(
        "ZEP-001",
        5,
        "Nils and Ada",
        "Flew at once",
        "We are four and six years old. It flew at once. Papa was not needed.",
    ),
]
