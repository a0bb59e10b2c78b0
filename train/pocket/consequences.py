"""What follows from what: everyday happenings, each in several wordings that leave its consequence unsaid. Data only.

``told`` wordings are for training, ``held`` ones for the benchmark, as in :mod:`train.pocket.knowing`. ``{the}`` is what it
happens to ("the balloon", "the three mushrooms"), ``{part}`` some of it ("one of the three mushrooms"), ``{extra}`` more of it
("two more birds"), ``{kinds}`` its plural, ``{np}`` something new, ``{where}`` and ``{x}`` a place and a colour by what is known
of them, ``{who}`` a character by what is known of it.
"""

from __future__ import annotations

from train.pocket.knowing import Words

#: What the light and the weather come to; of the hours, see :mod:`train.pocket.aftermath`.
NIGHT = Words(
    (
        *(
            "it is time for bed and everyone sleeps",
            "the owls wake up",
            "it gets too dark to read",
            "the street lamps go on and bats fly",
        ),
        *("the sun has been gone for hours", "everybody has brushed their teeth and sleeps"),
    ),
    ("everyone lies in bed and sleeps", "the bats and the owls wake up", "it got too dark to read a book"),
)
DAY = Words(
    (
        *("the rooster crows and breakfast is ready", "the next day has begun", "the alarm clock rings and school begins"),
        *("everybody wakes up and stretches", "it is time for breakfast", "the sun is back"),
    ),
    ("the rooster crows, and everybody stretches", "breakfast is on the table", "the alarm clock wakes everybody up"),
)
EVENING = Words(
    (
        *("the sun touches the horizon", "it is nearly bedtime, and the light turns golden", "the shadows grow long"),
        *("the sun says goodbye", "the day is nearly over", "supper is ready and the sun is low"),
    ),
    (
        "the sun is low and touches the horizon",
        "long shadows say that the day is nearly over",
        "supper is ready, and the sun says goodbye",
    ),
)
#: What the clock says; what it comes to depends on the time before.
ONE_HOUR = Words(
    ("one hour goes by", "it is an hour later", "an hour passes", "we look again after two hours"),
    ("one hour later", "an hour has gone by"),
)
HALF_DAY = Words(
    ("twelve hours go by", "it is twelve hours later", "half a day passes", "the clock goes round once, twelve hours"),
    ("half a day later", "half a day has gone by"),
)
DRY = Words(
    (
        *("the last drop has fallen", "the umbrellas are closed", "the bad weather is over", "nothing falls from above any more"),
        *("the sky has no more drops and flakes left", "one can hang out the washing again"),
    ),
    (
        "the very last drop has fallen",
        "nothing falls any more and the washing can hang outside",
        "after the bad weather was over",
    ),
)
RAIN = Words(
    (
        *("everyone opens an umbrella", "puddles begin to grow", "dark clouds burst", "one needs rubber boots now"),
        *("drops drum on everything", "a thunderstorm comes up"),
    ),
    ("everybody needs an umbrella now", "drops drum, and puddles grow", "dark clouds come up and burst"),
)
SNOW = Words(
    (
        *(
            "the coldest season begins",
            "the first white flakes fall",
            "it gets freezing cold and flakes whirl",
            "children fetch their sledges",
        ),
        *("it is the day before Christmas and flakes fall", "everything gets a white blanket from above"),
    ),
    (
        "the first flakes whirl in the cold",
        "children fetch their mittens and their sledges",
        "a white blanket falls on everything",
    ),
)
MORE = Words(
    (
        "somebody brings {extra}",
        "the wind blows {extra} over here",
        "somebody adds {extra} to {the}",
        "{the} get company: {extra}",
    ),
    ("a friend brings {extra}", "somebody has brought {extra}"),
)
DOUBLE = Words(
    ("the number of {kinds} doubles", "there are double as many {kinds}", "for each of the {kinds} there is one more"),
    ("twice as many {kinds} as before", "the number of {kinds} is doubled"),
)
#: What makes things grow or shrink.
GROWN = Words(
    ("years go by and {the} grows up", "{the} is no child any more", "{the} eats well for years", "ten years go by for {the}"),
    ("{the} has grown up", "many years go by, and {the} is no child any more"),
)
WATERED = Words(
    (
        *(
            "somebody waters {the} all summer",
            "{the} gets sun and water for weeks",
            "somebody gives {the} plenty of water and time",
        ),
        *("a whole summer goes by for {the}",),
    ),
    ("all summer long somebody waters {the}", "weeks of sun and water do {the} good"),
)
BLOWN = Words(
    ("somebody blows more air into {the}", "{the} gets a lot more air", "somebody pumps and pumps {the} up"),
    ("more and more air is pumped into {the}",),
)
DEFLATED = Words(
    ("the air goes out of {the}", "{the} has a tiny hole", "air hisses out of {the}"),
    ("slowly the air hisses out of {the}", "through a tiny hole the air goes out of {the}"),
)
SHRUNK = Words(
    ("{the} drinks a potion and shrinks", "a fairy makes {the} tiny", "{the} is as tiny as a thumb all at once"),
    ("a potion makes {the} shrink", "the fairy makes {the} as tiny as a thumb"),
)
MELTING = Words(
    ("{the} begins to melt, but not all of it", "an hour of sun: {the} melts to half its size"),
    ("in an hour of sun {the} melts to half its size",),
)
#: What changes a colour.
AUTUMN = Words(
    (
        "autumn comes, and {the} feels it",
        "the leaves of {the} turn as they do in October",
        "the season of falling leaves begins for {the}",
    ),
    ("October comes, and the leaves of {the} feel it", "for {the} autumn begins"),
)
BLOSSOM = Words(
    (
        "{the} is in bloom like a cherry in April",
        "April comes, and {the} blossoms like a cherry",
        "the season of cherry blossom begins for {the}",
    ),
    ("cherry blossom time begins for {the}", "in April {the} is in bloom like a cherry"),
)
MILK = Words(
    ("{the} falls into a tub of milk", "somebody spills flour all over {the}", "{the} takes a bath in milk"),
    ("splash: {the} falls into the milk", "flour spills all over {the}"),
)
MUD = Words(
    ("{the} rolls in the mud", "{the} falls into a pot of melted chocolate", "{the} takes a bath in mud"),
    ("a bath in the mud is what {the} takes", "splash: {the} falls into the chocolate"),
)
PAINT = Words(
    (
        "somebody paints {the} in the colour of {x}",
        "{the} gets a new coat coloured like {x}",
        "a painter gives {the} the colour of {x}",
    ),
    ("the painter gives {the} a coat in the colour of {x}",),
)
#: What brings something, or somebody.
OPENED = Words(
    (
        "somebody unties the ribbon of {the}: inside is {np}",
        "{the} is unwrapped, and there is {np}",
        "somebody unwraps {the} and gets {np}",
    ),
    ("the ribbon of {the} is untied: out comes {np}", "whoever unwraps {the} gets {np}"),
)
SEED = Words(
    (
        "a seed lies in the earth and is watered for weeks",
        "somebody plants a seed and waits for weeks",
        "a seed in the earth wakes up and sprouts",
    ),
    ("weeks ago somebody planted a seed, and it sprouts", "a seed is planted and watered"),
)
COCOON = Words(
    ("a caterpillar wakes up in its cocoon", "a cocoon bursts open", "a caterpillar has grown wings"),
    ("the cocoon of a caterpillar bursts open", "in its cocoon a caterpillar grows wings and comes out"),
)
SNOWBALLS = Words(
    ("children roll three big snowballs and find a carrot for a nose", "children put a carrot and coal on three snowballs"),
    ("three snowballs, coal and a carrot: children are at work", "the children have a carrot for a nose and roll snowballs"),
)
BIRTHDAY = Words(
    ("it is somebody's birthday, and the postman rings", "Santa was here", "somebody ties a ribbon around a box with a surprise"),
    ("Santa was here for a moment", "the postman rings: it is a birthday"),
)
VISIT = Words(
    ("{who} comes to visit", "there is a knock, and it is {who}", "a visitor comes: {who}"),
    ("somebody knocks: {who}", "they have a visitor, {who}"),
)
TRAVEL = Words(
    (
        "they all take the train and get off {where}",
        "everybody travels to the place {where}",
        "a week later they are all {where}",
    ),
    ("after a long ride all of them get off {where}", "they spend the holidays {where}"),
)
ACROSS = Words(
    ("{the} runs over to the opposite side", "{the} changes sides", "{the} crosses the picture to the other side"),
    ("{the} crosses over to the opposite side", "on tiptoe {the} changes sides"),
)
#: A whole request. ``{first}`` is the first picture, in full; ``{then}`` what happens, in order; ``{n}`` how many pictures.
FRAMES: Words = Words(
    (
        *(
            "{N} pictures. First: {first}. {then}",
            "First picture: {first}. {then}",
            "{first}. {then} {N} pictures",
            "{N} pictures: {first}. {then}",
        ),
        *("Draw {first}. {then} In {n} pictures", "Show me in {n} pictures: {first}. {then}"),
    ),
    (
        "Begin with {first}. {then} {N} pictures please",
        "{N} pictures: first {first}. {then}",
        "I want to see {first}. {then} In {n} pictures",
    ),
)
THEN: Words = Words(
    ("Then: {c}.", "And then {c}.", "Next: {c}.", "After that {c}.", "Next picture: {c}.", "Later {c}."),
    ("What then? {c}.", "Then {c}.", "Next picture: {c}."),
)
