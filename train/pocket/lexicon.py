"""The words for what is in the pocket world, for writing and for reading. Data only: a word that is not here means nothing."""

from __future__ import annotations

from core.pocket.world import KINDS, Colour, Count, Place, Size, Slot, Time, Weather

#: Other names of a kind, good enough to write as well as to read.
KIND_WORDS: dict[str, tuple[str, ...]] = {
    "cat": ("kitty", "kitten"),
    "dog": ("puppy", "doggy"),
    "rabbit": ("bunny", "hare"),
    "bear": ("teddy bear",),
    "frog": ("froggy", "toad"),
    "duck": ("duckling",),
    "penguin": (),
    "house": ("cottage", "hut"),
    "tree": (),
    "flower": ("blossom",),
    "mushroom": ("toadstool",),
    "boat": ("sailing boat", "ship"),
    "snowman": (),
    "gift": ("present", "parcel"),
    "balloon": (),
    "kite": (),
    "bird": (),
    "butterfly": (),
    "star": (),
    "cloud": (),
}
#: Names that are only read: what people say, and how they misspell it.
KIND_READ: dict[str, tuple[str, ...]] = {
    "cat": ("kittycat", "pussycat", "tomcat", "kat"),
    "dog": ("pup", "doggie", "hound", "dogy"),
    "rabbit": ("bunny rabbit", "rabit", "bunnie"),
    "bear": ("teddy", "bear cub", "baer"),
    "frog": ("froggie",),
    "duck": ("ducky", "duckie", "duk"),
    "penguin": ("pinguin", "penguine"),
    "house": ("home", "cabin", "hous"),
    "tree": ("pine", "pine tree", "oak", "oak tree", "fir tree", "christmas tree", "apple tree"),
    "flower": ("rose", "tulip", "daisy", "sunflower", "flowr"),
    "mushroom": ("mushrom",),
    "boat": ("sailboat", "rowing boat", "sailing ship"),
    "snowman": ("snow man",),
    "gift": ("birthday present", "surprise gift"),
    "balloon": ("ballon", "baloon", "hot air balloon"),
    "bird": ("seagull", "gull", "robin", "sparrow", "parrot", "birdie"),
    "butterfly": ("moth", "buterfly"),
}
#: How a place is named after "… in a picture"; the first is the plain one.
PLACE_PHRASES: dict[Place, tuple[str, ...]] = {
    "meadow": ("in the meadow", "in a grassy meadow", "in a field", "in the park", "in the garden", "on the grass"),
    "beach": ("at the beach", "on the beach", "by the sea", "at the seaside", "by the ocean", "on the shore"),
    "forest": ("in the forest", "in the woods", "in a deep forest", "in a quiet wood"),
    "mountain": ("in the mountains", "up in the hills", "on a mountain", "high in the hills"),
    "town": ("in the town", "in the village", "in the city", "on a street in town"),
    "desert": ("in the desert", "in the dunes", "in a sandy desert", "among the dunes"),
}
#: A place as somewhere to go.
PLACE_NAMES: dict[Place, tuple[str, ...]] = {
    "meadow": ("the meadow", "the grassy meadow", "the park", "the garden"),
    "beach": ("the beach", "the seaside", "the sea", "the shore", "the ocean"),
    "forest": ("the forest", "the woods", "the deep forest"),
    "mountain": ("the mountains", "the hills", "the high mountain"),
    "town": ("the town", "the village", "the city"),
    "desert": ("the desert", "the dunes", "the sandy desert"),
}
PLACE_READ: dict[Place, tuple[str, ...]] = {
    "meadow": ("meadow", "meadows", "field", "fields", "park", "garden", "grass", "lawn", "countryside", "farm", "meadaw"),
    "beach": (
        *("beach", "sea", "seaside", "ocean", "shore", "seashore", "coast", "island", "sand", "bay", "lake"),
        *("beech", "water", "harbour"),
    ),
    "forest": ("forest", "woods", "wood", "jungle", "woodland", "forrest"),
    "mountain": ("mountain", "mountains", "hill", "hills", "peak", "peaks", "mountain top", "alps", "montain", "summit"),
    "town": ("town", "village", "city", "street", "streets", "road", "square", "towns", "paris", "london"),
    "desert": ("desert", "dunes", "dune", "sahara", "oasis"),
}
TIME_PHRASES: dict[Time, tuple[str, ...]] = {
    "day": ("by day", "in the daytime", "in the morning", "in the afternoon"),
    "evening": ("in the evening", "at sunset", "at dusk", "as the sun goes down"),
    "night": ("at night", "late at night", "in the moonlight", "in the dark"),
}
TIME_READ: dict[Time, tuple[str, ...]] = {
    "day": (
        *("day", "daytime", "daylight", "morning", "afternoon", "noon", "midday", "sunrise", "dawn", "sun", "sunshine"),
        *("sun rises", "sun comes up", "sun is up", "sun shines"),
    ),
    "evening": ("evening", "sunset", "dusk", "twilight", "sun goes down", "sun sets", "sun is setting", "eveing"),
    "night": ("night", "midnight", "tonight", "bedtime", "moonlight", "moon", "dark", "starry", "starlight", "nightfall"),
}
WEATHER_PHRASES: dict[Weather, tuple[str, ...]] = {
    "clear": ("under a clear sky", "in clear weather", "in fine weather"),
    "rain": ("in the rain", "while it rains", "in rainy weather"),
    "snow": ("in the snow", "while it snows", "in snowy weather"),
}
WEATHER_READ: dict[Weather, tuple[str, ...]] = {
    "clear": (
        *("clear", "clears up", "clear up", "fine weather", "good weather", "dry", "sun comes out", "no rain", "no snow"),
        *("stops raining", "stops snowing", "stop raining", "stop snowing", "rain stops", "snow stops", "rain ends"),
        *("snow ends", "rain is over", "snow is over", "rain stop", "snow stop"),
    ),
    "rain": ("rain", "rainy", "raining", "rains", "rainfall", "raindrops", "storm", "stormy", "shower", "drizzle", "rein"),
    "snow": ("snow", "snowy", "snowing", "snows", "snowfall", "snowflakes", "winter", "wintry", "blizzard"),
}
#: Words that set the time and the weather at once.
SUNNY = ("sunny", "sun is shining", "bright and sunny")
COLOUR_READ: dict[Colour, tuple[str, ...]] = {
    "red": ("crimson", "scarlet", "cherry"),
    "orange": ("ginger",),
    "yellow": ("golden", "gold", "lemon"),
    "green": ("emerald", "leafy"),
    "blue": ("azure", "navy", "turquoise"),
    "purple": ("violet", "lilac", "lavender"),
    "pink": ("rosy",),
    "white": ("snow-white",),
    "brown": ("chestnut", "chocolate"),
}
SIZE_WORDS: dict[Size, tuple[str, ...]] = {
    "small": ("small", "little", "tiny"),
    "medium": ("medium",),
    "big": ("big", "large", "huge"),
}
SIZE_READ: dict[Size, tuple[str, ...]] = {
    "small": ("wee", "smaller", "smallest", "teeny", "shrinks", "shrink"),
    "medium": ("medium-sized", "medium sized", "middle-sized", "middle sized", "normal", "normal-sized", "ordinary"),
    "big": ("giant", "tall", "bigger", "biggest", "larger", "grows", "grow", "enormous", "enlarge", "gigantic"),
}
COUNT_READ: dict[Count, tuple[str, ...]] = {
    "one": ("one", "1", "single", "just one", "only one"),
    "two": ("two", "2", "pair of", "couple of", "both"),
    "three": ("three", "3", "trio of"),
}
SLOT_PHRASES: dict[Slot, tuple[str, ...]] = {
    "top left": ("at the top left", "in the upper left", "in the sky on the left", "high up on the left"),
    "top middle": ("at the top middle", "at the top in the middle", "in the middle of the sky", "high up in the middle"),
    "top right": ("at the top right", "in the upper right", "in the sky on the right", "high up on the right"),
    "left": ("on the left", "on the left side", "at the left"),
    "middle": ("in the middle", "in the centre", "in the center"),
    "right": ("on the right", "on the right side", "at the right"),
}
COLUMN_READ: dict[str, tuple[str, ...]] = {
    "left": ("left", "left-hand", "lefthand"),
    "middle": ("middle", "centre", "center", "central"),
    "right": ("right", "right-hand", "righthand"),
}
#: First names that mean nothing else in this world.
NAMES: tuple[str, ...] = (
    *("Mila", "Pip", "Momo", "Otto", "Luna", "Tilly", "Bruno", "Nelly", "Fynn", "Greta", "Toby", "Wanda", "Milo", "Ida", "Hugo"),
    *("Lotte", "Emil", "Nora", "Felix", "Olive", "Max", "Ella", "Leo", "Zoe", "Finn", "Mia", "Oscar", "Lily", "Sam", "Anna"),
    *("Ben", "Clara", "Theo", "Maya", "Jonas", "Frida", "Paul", "Emma", "Noah", "Lina", "Tom", "Alma", "Jack", "Nina", "Kasimir"),
    *("Yuki", "Hana", "Omar", "Leila", "Kofi", "Amara", "Ravi", "Priya", "Diego", "Lucia", "Ivan", "Olga", "Ming", "Aiko", "Bo"),
)
#: Those of them that are girls here; a made-up name is a girl's if it ends like one.
GIRLS: frozenset[str] = frozenset(
    (
        *(
            "Mila",
            "Luna",
            "Tilly",
            "Nelly",
            "Greta",
            "Wanda",
            "Ida",
            "Lotte",
            "Nora",
            "Olive",
            "Ella",
            "Zoe",
            "Mia",
            "Lily",
            "Anna",
        ),
        *("Clara", "Maya", "Frida", "Emma", "Lina", "Alma", "Nina", "Yuki", "Hana", "Leila", "Amara", "Priya", "Lucia", "Olga"),
        *("Ming", "Aiko"),
    )
)
#: Syllables of made-up names, so that a planner learns to copy a name rather than to choose one.
SYLLABLES: tuple[str, ...] = (
    *("ba", "bi", "do", "du", "fa", "fi", "ga", "ho", "ja", "ki", "ko", "la", "li", "lo", "lu", "ma", "mi", "mo", "na", "ni"),
    *("no", "pa", "pe", "pi", "ra", "ri", "ro", "sa", "si", "ta", "ti", "to", "va", "vi", "wa", "wi", "ya", "yo", "za", "zu"),
)


def plural(word: str) -> str:
    """The plural of a name of a kind."""
    if word in KINDS:
        return KINDS[word].plural
    if word.endswith("man"):
        return f"{word[:-3]}men"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
