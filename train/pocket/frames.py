"""The frames around a wish: what to keep, how a whole picture is asked for, what else people say. Data only."""

from __future__ import annotations

#: Keep clauses: with ``{kept}`` they name what stays.
KEEP_NAMED = (
    "keep {kept} and everything else as it is",
    "keep {kept} as it is",
    "leave {kept} and all else as it is",
    "keep {kept} and the rest",
)
KEEP_REST = (
    "keep everything else as it is",
    "keep the rest",
    "nothing else changes",
    "leave everything else as it is",
    "keep all else",
    "everything else stays the same",
)
#: Whole pictures: ``{things}`` a list of things with their slots, ``{stage}`` place, time and weather as far as they are said.
WHOLE: dict[str, tuple[str, ...]] = {
    "explicit": (
        "{things}, {stage}",
        "{things} {stage}",
        "a picture of {things}, {stage}",
        "draw {things}, {stage}",
        "{stage}: {things}",
    ),
    "paraphrased": (
        "I would like a picture of {things}, {stage}",
        "{stage} we can see {things}",
        "please draw {things} {stage}",
        "show me {things}, all of it {stage}",
        "an illustration for children: {things}, {stage}",
        "paint {things} {stage}",
        "we see {things}, {stage}",
        "a page from a picture book with {things} {stage}",
    ),
    "terse": ("{things}, {stage}", "{stage}, {things}", "{things} {stage}"),
    "vague": (
        "{things} {stage}",
        "a picture of {things} {stage}",
        "{stage}, {things}",
        "draw {things} {stage}",
        "something with {things} {stage}",
        "can you paint {things} {stage}",
        "I want {things} {stage}",
        "my friend wants {things} {stage} please",
    ),
}
#: The same where nothing but the place is said.
WHOLE_EMPTY = ("a picture {stage}", "just {stage}", "{stage}", "a quiet scene {stage}", "show what it is like {stage}")
#: What joins two characters or a character and a thing into a little story: "a cat {verb} a balloon".
BETWEEN = ("and", "with", "next to")
MEETINGS = ("finds", "sees", "looks at", "plays with", "is happy about", "and", "with", "meets", "next to", "dreams of")
ONLY = ("nothing else", "only these things", "nothing more")
OPENERS = (
    "now",
    "next",
    "then",
    "and then",
    "in this picture",
    "please",
    "all at once",
    "after a while",
    "look",
    "the story goes on",
)
ENDINGS = (
    "it is a happy moment",
    "what a surprise",
    "everybody is glad",
    "the friends laugh",
    "just as in a storybook",
    "it looks lovely",
    "so nice for children",
    "thank you",
    "with warm, soft colours",
    "in the style of a picture book",
)
#: Free words before and after a person's own request for a picture.
PERSON_BEFORE = (
    "can you draw",
    "please make me a picture of",
    "i want",
    "hey, draw",
    "my daughter wants",
    "for my grandma:",
    "could we have",
    "i dream of",
    "show me",
)
PERSON_AFTER = (
    "please",
    "thanks!",
    "and make it beautiful",
    "for my kids",
    "in watercolour",
    "like in my dream",
    "with lots of love",
    "ok?",
    "if you can",
)
#: Adjectives of free speech; nothing in a picture answers to them.
ADJECTIVES = ("lovely", "funny", "magic", "old", "new", "flying", "cute", "fluffy", "pretty", "strange", "friendly", "secret")
