"""What makes things leave, all of them or some, by their kind, in wordings that do not say so. Data only.

The wordings are for training or held back for the benchmark, with parts in braces, as in :mod:`train.pocket.consequences`.
"""

from __future__ import annotations

from train.pocket.knowing import Words

#: What makes a thing leave, by its kind; a character by "who".
GONE: dict[str, Words] = {
    "balloon": Words(
        (
            *("somebody lets go of {the}", "the string of {the} slips out of a hand", "a thorn pricks {the}: bang"),
            *("nobody holds on to {the} any more",),
        ),
        ("a little hand lets go of {the}", "a needle pricks {the}: bang"),
    ),
    "kite": Words(
        (
            "the string of {the} snaps",
            "the wind tears {the} off its string",
            "nobody holds on to {the} any more",
            "a storm carries {the} off",
        ),
        ("in a gust the string of {the} snaps", "the storm tears {the} off"),
    ),
    "bird": Words(
        (
            *("it is time for {the} to fly south", "somebody claps loudly and frightens {the}", "a hawk scares {the} off"),
            *("warmer lands call {the}",),
        ),
        ("a loud clap frightens {the}", "time to go south, thought {the}"),
    ),
    "butterfly": Words(
        (
            "a gust of wind carries {the} off",
            "somebody with a net frightens {the}",
            "the wind blows {the} far off",
            "a net catches {the}",
        ),
        ("a strong gust carries {the} far off", "somebody catches {the} in a net"),
    ),
    "boat": Words(
        (
            *("the captain of {the} sets sail for a far island", "the anchor is pulled up and the wind fills the sail of {the}"),
            *("the crew sails {the} beyond the horizon", "a sailor takes {the} out to sea"),
        ),
        ("the captain pulls up the anchor of {the} and sets sail", "a sailor takes {the} beyond the horizon"),
    ),
    "mushroom": Words(
        (
            *("somebody picks {the} for a soup", "a hungry hedgehog eats {the} up", "somebody fries {the} for supper"),
            *("grandma fills her basket with {the}",),
        ),
        ("a hedgehog eats {the} for supper", "grandma picks {the} for her soup"),
    ),
    "flower": Words(
        (
            "somebody picks {the} for a vase",
            "a hungry goat eats {the} up",
            "grandma gets {the} as a bouquet",
            "a lawn mower drives over {the}",
        ),
        ("a goat eats {the} for lunch", "grandma's vase is filled with {the}"),
    ),
    "gift": Words(
        (
            *("somebody hands {the} to the birthday child far from here", "Santa takes {the} along on his sledge"),
            *("the postman takes {the} along", "a birthday child carries {the} home"),
        ),
        ("the postman carries {the} to a birthday child", "Santa's sledge takes {the} along"),
    ),
    "snowman": Words(
        (
            *("the sun shines on {the} for a week", "it gets far too warm for {the}", "the heat was too much for {the}"),
            *("summer begins, and {the} could not run",),
        ),
        ("a week of sun is far too warm for {the}", "summer begins too early for {the}"),
    ),
    "tree": Words(
        (
            *("a woodcutter comes with an axe and takes {the} along", "a beaver gnaws through {the} and drags it off"),
            *("somebody needs firewood and saws {the} down",),
        ),
        ("the woodcutter saws {the} down for firewood", "a beaver drags {the} off"),
    ),
    "cloud": Words(
        ("the wind sweeps {the} from the sky", "the sky is swept clean of {the}", "the wind blows {the} to another land"),
        ("a fresh wind sweeps {the} off to another land",),
    ),
    "star": Words(
        ("the sky loses {the}: make a wish", "somebody plucks {the} from the sky", "a shooting star: that was {the}"),
        ("make a wish: the sky loses {the}",),
    ),
    "who": Words(
        (
            *("{the} has to go home for supper", "mother calls {the} home", "{the} is tired and goes home to bed"),
            *("{the} runs off to hide", "{the} leaves on a long trip alone"),
        ),
        ("mother calls, and {the} has to go home", "tired as can be, {the} goes home to bed"),
    ),
}
#: What takes some of several.
FEWER: dict[str, Words] = {
    "balloon": Words(
        ("a thorn pricks {part}", "somebody lets go of {part}", "the wind steals {part}", "a needle makes {part} pop"),
        ("a needle pricks {part}", "a little hand lets go of {part}"),
    ),
    "bird": Words(
        ("a cat scares {part} off", "it is time for {part} to fly south", "a clap frightens {part}"),
        ("a loud clap scares {part} off",),
    ),
    "butterfly": Words(
        ("the wind carries {part} off", "a net catches {part}"), ("a gust carries {part} off", "somebody catches {part} in a net")
    ),
    "mushroom": Words(
        ("a hedgehog eats {part}", "somebody eats {part} for supper", "somebody picks {part} for a soup"),
        ("somebody ate {part}", "grandma picks {part} for her soup"),
    ),
    "flower": Words(
        ("somebody picks {part}", "a goat eats {part}", "somebody puts {part} into a vase"),
        ("a goat ate {part}", "{part} end up in a vase"),
    ),
    "gift": Words(
        ("somebody gives {part} to a neighbour", "the postman takes {part} along", "a birthday child gets {part}"),
        ("the postman gives {part} to a neighbour", "{part} went to a birthday child"),
    ),
    "star": Words(("the sky loses {part}", "somebody plucks {part} from the sky"), ("the sky has lost {part}",)),
    "cloud": Words(
        ("the wind sweeps {part} off", "the wind blows {part} to another land"), ("a wind sweeps {part} off to another land",)
    ),
}
