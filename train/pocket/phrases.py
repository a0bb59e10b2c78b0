"""The ways to say a wish: tables of sentence patterns by what is wished and how it is said. Data only.

``{np}`` a new thing ("a red balloon"), ``{at}`` its slot ("at the top right"), ``{the}`` a thing that is there ("the orange
cat on the left"), ``{who}`` a character that is there, loosely ("the cat"), ``{value}`` a colour, size or count, ``{several}``
a count and a plural, ``{to}`` a slot to move to. Patterns have no capital and no full stop of their own.
"""

from __future__ import annotations

from typing import Literal

Style = Literal["explicit", "paraphrased", "terse", "vague", "long"]
STYLES: tuple[Style, ...] = ("explicit", "paraphrased", "terse", "vague", "long")

#: By wish, then by style; "long" uses the paraphrases. The first explicit pattern is the one of refined prompts.
EDITS: dict[str, dict[str, tuple[str, ...]]] = {
    "add": {
        "explicit": (
            "add {np} {at}",
            "put {np} {at}",
            "draw {np} {at}",
            "show {np} {at}",
            "there is now {np} {at}",
            "{np} appears {at}",
        ),
        "paraphrased": (
            "I would like to see {np} {at}",
            "{at} there should be {np}",
            "please put {np} {at}",
            "insert {np} {at}",
            "now {np} is {at}",
            "let {np} appear {at}",
            "{at} we can see {np}",
            "{who} sees {np} {at}",
            "{who} finds {np} {at}",
            "{who} meets {np} {at}",
            "{np} comes along and waits {at}",
            "could you draw {np} {at}",
        ),
        "terse": ("add {np} {at}", "{np} {at}", "{np}, {at}", "{at}: {np}", "plus {np} {at}"),
        "vague": (
            "add {np}",
            "{np} appears",
            "{who} finds {np}",
            "{who} gets {np}",
            "{who} meets {np}",
            "{who} sees {np}",
            "now there is {np}",
            "{np} would be nice",
            "then {np} comes by",
            "I want {np} too",
            "draw {np} near {who}",
            "give {who} {np}",
            "{np}",
        ),
    },
    "remove": {
        "explicit": ("remove {the}", "take away {the}", "erase {the}", "delete {the}", "{the} is gone"),
        "paraphrased": (
            "please get rid of {the}",
            "{the} goes away",
            "take {the} away",
            "the picture should be without {the}",
            "{the} disappears",
            "I do not need it: remove {the}",
        ),
        "terse": ("remove {the}", "no {kind}", "delete {the}"),
        "vague": ("{the} goes away", "{the} is gone", "without {the}", "take {the} away", "get rid of {the}", "{the} disappears"),
    },
    "recolour": {
        "explicit": (
            "make {the} {value}",
            "paint {the} {value}",
            "change {the} to {value}",
            "turn {the} {value}",
            "colour {the} {value}",
        ),
        "paraphrased": (
            "{the} turns {value}",
            "change the colour of {the} to {value}",
            "{the} should be {value}",
            "{the} becomes {value}",
            "I would like {the} to be {value}",
            "please recolour {the} {value}",
        ),
        "terse": ("{the} {value}", "make {the} {value}", "{the}: {value}"),
        "vague": (
            "{the} turns {value}",
            "paint {the} {value}",
            "{the} should be {value}",
            "now {the} is {value}",
            "make {the} {value}",
        ),
    },
    "move": {
        "explicit": ("move {the} to {to}", "put {the} {at}", "{the} moves to {to}", "bring {the} to {to}"),
        "paraphrased": (
            "{the} should be {at}",
            "{the} goes to {to}",
            "please shift {the} to {to}",
            "now {the} is {at}",
            "{the} hurries over to {to}",
        ),
        "terse": ("{the} {at}", "move {the} {at}", "{the} to {to}"),
        "vague": (
            "{the} goes to {to}",
            "move {the} to {to}",
            "{the} runs over to {to}",
            "{the} should be {at}",
            "now {the} is {at}",
        ),
    },
    "resize": {
        "explicit": ("make {the} {value}", "{the} should be {value}", "{the} becomes {value}", "draw {the} {value}"),
        "paraphrased": (
            "{the} should be {value}",
            "I would like {the} to be {value}",
            "now {the} is {value}",
            "draw {the} {value}",
        ),
        "terse": ("{the} {value}", "make {the} {value}", "{the}: {value}"),
        "vague": ("make {the} {value}", "{the} is {value} now", "{the} should be {value}"),
    },
    "recount": {
        "explicit": ("turn {the} into {several}", "change {the} into {several}", "make {the} {value}", "{the} should be {value}"),
        "paraphrased": (
            "{the} becomes {several}",
            "there should be {several}",
            "I would like to see {several}",
            "now there are {several}",
        ),
        "terse": ("{several}", "make it {several}", "{the}: {value}"),
        "vague": ("now there are {several}", "make it {several}", "{several}", "draw {several}"),
    },
    "replace": {
        "explicit": (
            "replace {the} with {np} {at}",
            "swap {the} for {np} {at}",
            "turn {the} into {np} {at}",
            "change {the} into {np} {at}",
        ),
        "paraphrased": (
            "{at} there should be {np} instead of {the}",
            "exchange {the} for {np} {at}",
            "{the} turns into {np} {at}",
            "put {np} {at} in place of {the}",
            "please substitute {the} by {np} {at}",
        ),
        "terse": ("{np} {at} instead of {the}", "replace {the} with {np} {at}", "swap {the} for {np} {at}"),
        "vague": ("{np} instead of {the}", "swap {the} for {np}", "turn {the} into {np}", "replace {the} by {np}"),
    },
    "place": {
        "explicit": (
            "change the place to {place}",
            "move the scene to {place}",
            "change the background to {place}",
        ),
        "paraphrased": (
            "everybody goes to {place}",
            "let all of this happen {in_place}",
            "now we are {in_place}",
            "I would like it to be {in_place}",
            "take them all to {place}",
        ),
        "terse": ("now {in_place}", "{in_place}", "place: {place}"),
        "vague": (
            "{who} goes to {place}",
            "now {in_place}",
            "off to {place}",
            "they are {in_place} now",
            "{who} walks to {place}",
        ),
    },
    "time day": {
        "explicit": ("make it day", "change the time to day", "make it a bright day"),
        "paraphrased": (
            "the sun comes up",
            "now it is morning",
            "let it be day",
            "the sun rises",
            "a new day begins",
            "now it is {time}",
        ),
        "terse": ("by day", "day", "in the daytime"),
        "vague": ("the sun comes up", "it is morning", "the sun rises over everyone", "it is day again"),
    },
    "time evening": {
        "explicit": ("make it evening", "change the time to evening", "make it sunset"),
        "paraphrased": (
            "the sun goes down",
            "evening comes",
            "let it be evening",
            "now it is {time}",
            "the sun sets slowly",
            "dusk falls",
        ),
        "terse": ("evening", "sunset", "in the evening"),
        "vague": ("the sun goes down", "it gets late, the sun sets", "evening comes", "a lovely sunset"),
    },
    "time night": {
        "explicit": ("make it night", "change the time to night", "make it a dark night"),
        "paraphrased": (
            "night falls",
            "it gets dark",
            "let it be night",
            "the moon comes out",
            "now it is {time}",
            "now it is bedtime",
        ),
        "terse": ("night", "at night", "dark"),
        "vague": ("it gets dark", "night falls", "the moon comes out", "it is bedtime"),
    },
    "weather clear": {
        "explicit": ("make the sky clear", "change the weather to clear", "clear weather"),
        "paraphrased": ("the weather clears up", "let the sky be clear", "the sky is clear again", "the weather is dry again"),
        "terse": ("clear sky", "clear"),
        "vague": ("the weather clears up", "the sky is clear again", "the bad weather is over, all is dry"),
    },
    "weather rain": {
        "explicit": ("make it rain", "change the weather to rain", "let it rain"),
        "paraphrased": (
            "it starts to rain",
            "rain begins to fall",
            "now it is raining",
            "a shower comes down",
            "let raindrops fall",
        ),
        "terse": ("rain", "rainy", "add rain"),
        "vague": ("it starts to rain", "what a rainy time", "it rains", "a little shower comes"),
    },
    "weather snow": {
        "explicit": ("make it snow", "change the weather to snow", "let it snow"),
        "paraphrased": ("it starts to snow", "snow begins to fall", "now it is snowing", "snowflakes come down", "winter comes"),
        "terse": ("snow", "snowy", "add snow"),
        "vague": ("it starts to snow", "winter comes", "it snows", "snowflakes dance"),
    },
    "nothing": {
        "explicit": ("{who} smiles", "{who} waves", "{who} looks happy"),
        "paraphrased": (
            "{who} smiles at everyone",
            "{who} waves hello",
            "{who} says hello",
            "{who} laughs out loud",
            "{who} takes a deep breath",
        ),
        "terse": ("{who} smiles", "smile", "{who} happy"),
        "vague": (
            "{who} smiles",
            "they play together",
            "{who} dances",
            "{who} looks around",
            "{who} tells a story",
            "everyone is happy",
            "{who} has an idea",
            "{who} rests for a while",
            "{who} sings a song",
        ),
    },
}
#: What a person says, but not a story.
PLEAS = frozenset({"I want {np} too", "{np} would be nice", "draw {np} near {who}", "{np}"})
