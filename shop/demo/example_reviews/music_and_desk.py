"""Example reviews of instruments, cameras and desk equipment."""

from shop.demo.example_reviews.review_data import Example

EXAMPLES = [
    Example(
        "AUR-001",
        5,
        "Marta K.",
        "The tram is gone",
        "I put them on at the stop and take them off at work. In between there is nothing. The case could be smaller.",
    ),
    Example(
        "AUR-001",
        4,
        "Jonas W.",
        "Quiet, warm ears",
        "Sound and noise cancelling are excellent. After two hours in summer my ears are warm, so one star less.",
    ),
    Example(
        "AUR-001",
        5,
        "Priya S.",
        "Forty hours is true",
        "I charged them on a Sunday and again eleven days later. The fold really does fit my coat.",
    ),
    Example(
        "AUR-001",
        2,
        "Gareth P.",
        "Too tight for me",
        "Fine sound, but I wear glasses and a large hat size. I gave them to my sister, who loves them.",
    ),
    Example(
        "AUR-001",
        4,
        "Elif A.",
        "Good calls, plain app",
        "People hear me well on the street. The app does three things and two of them are updates.",
    ),
    Example("AUR-001", 5, "Tomasz R.", "Bought a second pair", "The first pair is my daughter's now. I was not asked."),
    Example(
        "STU-001",
        5,
        "Ronnie B.",
        "In tune out of the box",
        "Came in tune, and I mean it. The neck is fast and the third position is the one I stay in.",
    ),
    Example("STU-001", 4, "Agnes L.", "Heavy, in a good way", "Four kilos are four kilos. Buy a wide strap with it."),
    Example(
        "NOC-001",
        4,
        "Hideo T.",
        "My neighbours are friends again",
        "The action is close to the upright I sold. The lowest octave is a little soft through headphones.",
    ),
    Example("NOC-001", 5, "Clara V.", "Ten in the evening, every evening", "Exactly what it says. No fan, no hum."),
    Example(
        "RIV-001", 4, "Dev M.", "Loud and honest", "Tunes high without choking. The sticks that come with it are thin."
    ),
    Example(
        "BRA-001",
        3,
        "Yvonne C.",
        "Good horn, poor case",
        "It speaks easily right up to the top. The zip of the case gave up in the second week.",
    ),
    Example(
        "BRA-001", 5, "Luca F.", "First alto for our daughter", "Her teacher asked where we got it and for how much."
    ),
    Example(
        "CRE-001",
        5,
        "Ingrid S.",
        "It opens up",
        "A bit shy on the first day, and after a month of playing quite another instrument. The bow is decent, too.",
    ),
    Example(
        "CRE-001", 3, "Paolo N.", "Strings had to go", "A good body with strings that I changed on the same evening."
    ),
    Example(
        "REV-001", 4, "Corporal J.", "Works at minus four", "Played outdoors in November. The valves did not notice."
    ),
    Example(
        "HUS-001",
        5,
        "Noor H.",
        "They stopped asking me to repeat",
        "My room is all glass and it sounds like a cupboard full of coats now. The red ring when muted saved me twice.",
    ),
    Example("HUS-001", 4, "Sven O.", "Bring your own arm", "The small stand picks up typing. On an arm it is superb."),
    Example("KIO-001", 5, "Margaret D.", "It has a dial", "It has a dial, the dial turns, and then there is music."),
    Example(
        "KIO-001",
        2,
        "Felix Z.",
        "Poor reception in our valley",
        "Lovely object and lovely sound on FM. DAB+ drops out in our kitchen every few minutes.",
    ),
    Example("PRA-001", 5, "Wren A.", "Makes me sit on the porch", "I do not own a porch. I sit on the fire escape."),
    Example(
        "FIE-001",
        5,
        "Sabine E.",
        "I take fewer pictures and keep more",
        "No zoom, so I walk. Every dial is where my thumb is. The battery lasted a wedding and the way home.",
    ),
    Example("FIE-001", 4, "Mateus G.", "Slow in the dark", "Wonderful files. Autofocus takes its time indoors."),
    Example(
        "FIE-001", 5, "Ottilie B.", "My father's camera, but new", "He tried it and did not give it back until dinner."
    ),
    Example(
        "SLA-001",
        4,
        "Arun V.",
        "Cool and quiet",
        "I compile all day and it gets warm, never loud. I wish it had one more port on the right.",
    ),
    Example(
        "SLA-001", 5, "Beatriz M.", "Wrote my thesis on it", "Sixteen hours was fifteen for me. I am not complaining."
    ),
    Example(
        "ATE-001",
        5,
        "Studio K.",
        "Colours match the printer",
        "We send proofs to print and nobody phones us any more. The keyboard is only all right.",
    ),
    Example("CLA-001", 5, "Dominik H.", "The right kind of noise", "My colleagues call it rain on a tin roof. Kindly."),
    Example("CLA-001", 3, "Fatou D.", "Great keys, stiff cable", "Typing is a joy. The cable has a will of its own."),
    Example("CLA-001", 4, "Rhys E.", "Swapped the switches in ten minutes", "No tools but the one in the box."),
    Example("PEB-001", 4, "Kaja L.", "Small", "I have small hands and it fits. My husband says it is a toy."),
    Example(
        "TES-001",
        4,
        "Oskar P.",
        "The coin works",
        "I opened it with a five cent piece, changed the battery, and closed it. The camera is fine, no more.",
    ),
    Example("TES-001", 5, "Hanne J.", "Fits my pocket, at last", "One hand, one thumb, the whole screen."),
    Example("MER-001", 5, "Ibrahim Y.", "Four seconds a day", "Mine gains four seconds a day. I check it on purpose."),
    Example(
        "MER-001",
        4,
        "Celine R.",
        "Dress watch that swims a little",
        "Straps change in seconds. The crystal likes fingerprints.",
    ),
    Example("ARC-001", 5, "Pixel Pete", "Click", "Click. Click click. My high score is back where it belongs."),
    Example("ORB-001", 4, "Sunniva T.", "No drift after six months", "The back buttons took a week to get used to."),
    Example(
        "HEL-001",
        5,
        "Anselm K.",
        "Rings of Saturn included",
        "We saw them from a city balcony, on the second evening. The children have stopped asking for screens.",
    ),
    Example("HEL-001", 3, "Rosa I.", "Tripod wobbles in wind", "Optics far above the price, tripod exactly at it."),
]
