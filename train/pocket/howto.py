"""Tasks that can be shown step by step, and the words of such plans. Data only; patterns as in :mod:`train.pocket.tales`."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from core.pocket.world import Place, Weather


@dataclass(frozen=True)
class Task:
    """Something to do in a few pictures: where it starts, and what comes in, in a good order (any part of it)."""

    verbs: tuple[str, ...]
    place: Place
    base: str
    things: tuple[str, ...]
    weather: Weather | None = None


TASKS: tuple[Task, ...] = (
    Task(("decorate a garden", "make a garden beautiful", "plan a garden"), "meadow", "house", ("flower", "tree", "balloon")),
    Task(("plant a flower bed", "plant flowers", "grow flowers"), "meadow", "tree", ("flower", "butterfly", "cloud")),
    Task(("make a garden for butterflies", "bring butterflies to a garden"), "meadow", "tree", ("flower", "butterfly")),
    Task(
        ("throw a birthday party", "prepare a birthday", "get ready for a party"), "town", "house", ("gift", "balloon", "flower")
    ),
    Task(("build a snowman", "make a snowman"), "mountain", "tree", ("snowman", "gift", "bird"), "snow"),
    Task(("get ready for winter", "make a winter scene"), "town", "house", ("tree", "snowman", "star"), "snow"),
    Task(("fly a kite", "fly a kite on the beach"), "beach", "boat", ("kite", "bird", "cloud")),
    Task(("decorate a beach", "have a day at the seaside", "make a beach picture"), "beach", "boat", ("kite", "gift", "cloud")),
    Task(("decorate a house", "make a home cosy", "paint a house"), "town", "house", ("tree", "flower", "balloon")),
    Task(("look for mushrooms", "find mushrooms in the woods"), "forest", "tree", ("mushroom", "bird", "butterfly")),
    Task(("make a picture of spring", "welcome spring"), "meadow", "tree", ("flower", "bird", "butterfly")),
    Task(("give a surprise", "wrap and give presents"), "town", "house", ("gift", "balloon", "star")),
    Task(("make an oasis", "bring life to the desert"), "desert", "tree", ("flower", "bird", "cloud")),
    Task(("draw a night sky", "watch the stars"), "mountain", "tree", ("cloud", "star")),
)
ASKS: tuple[str, ...] = (
    "How to {task}",
    "How to {task}, step by step",
    "Show me how to {task}",
    "Show how to {task} step by step",
    "how do I {task}?",
    "Teach me to {task}",
    "Explain to a child how to {task}",
    "A guide: how to {task}",
    "Can you show how one can {task}?",
    "step by step: {task}",
)
HELD = 4  # of the pairs of a task and a way to ask, one of so many is the benchmark's alone


def held(verb: str, ask: str) -> bool:
    """Whether this task is asked for in this way by the benchmark alone."""
    return crc32(f"{verb}/{ask}".encode()) % HELD == 0


def task_of(verb: str) -> Task:
    return next(task for task in TASKS if verb in task.verbs)


CAPTIONS: dict[str, tuple[str, ...]] = {
    "opening": (
        "We begin {here}, with {np}. Ready?",
        "First, find a good place {here}.",
        "This is where we start: {np}, {here}.",
        "Step one is easy: {np} {here}.",
        "Before we begin, look around. {about}",
        "Every good plan starts small: {np} {here}.",
        "Start {here}. {about}",
        "Here is the place: {here}. Now let us begin!",
    ),
    "find": (
        "Now {np}. {line}",
        "Next come{s} {np}. {line}",
        "Then bring {np}. {line}",
        "Put {np} where there is room.",
        "{np} will look lovely here. {line}",
        "Do not forget {np}! {line}",
        "What is missing? {np}!",
        "Add {np}, carefully and with love.",
        "With {np} it looks better already.",
        "Now we need {np}. {line}",
    ),
    "bigger": (
        "Wait a little, and {the} grow{s} big.",
        "Be patient: {the} {is} big now.",
        "Make {the} bigger, so that everyone sees {them}.",
        "With some care {the} grow{s}.",
        "See how {the} {has} grown!",
        "A little water, and {the} {is} big.",
        "Bigger is better here: look at {the}!",
        "Time does the work: {the} grow{s}.",
    ),
    "more": (
        "One is not enough: now there are {several}.",
        "Take some more, until there are {several}.",
        "Do it again. Now there are {several}.",
        "More is merrier: {several}!",
        "Count them: {several}. Perfect!",
        "Now make it {several}.",
        "{several} look even better.",
        "Repeat, and there are {several}.",
    ),
    "colour": (
        "Time for some paint: {the} turn{s} {colour}.",
        "A new colour works wonders. {colour}!",
        "Now {the} {is} {colour}. Much better!",
        "Take a big brush and make {the} {colour}.",
        "How about {colour}? Yes, {colour} it is.",
        "Some {colour} paint, and {the} look{s} like new.",
        "Change the colour, if you like: {colour}.",
        "Paint {the}. We chose {colour}.",
    ),
    "rain": (
        "Some rain helps everything grow.",
        "Let it rain a little.",
        "Now it rains. That is good!",
        "A shower, just in time.",
        "Rain comes. Wait under a roof.",
        "Plip, plop: the sky does the watering.",
        "It rains, so take a break.",
        "Wet, but happy.",
    ),
    "snow": (
        "Now it may snow.",
        "Wait for the snow. Here it is!",
        "Let it snow, let it snow.",
        "The snow makes it perfect.",
        "White flakes for the finishing touch.",
        "It snows. Put on a warm hat!",
        "Snow covers it all.",
        "Hush, it is snowing.",
    ),
    "clear": (
        "Wait for good weather. Here it is!",
        "Now the sky is clear.",
        "It is dry again. Go on!",
        "Blue sky at last.",
        "The weather is with us now.",
        "When the sky clears, look again.",
        "All clear. How it shines!",
        "Good weather makes good work.",
    ),
    "evening": (
        "Done! Enjoy it in the evening light.",
        "When the sun goes down, sit and look at it.",
        "Evening comes. Well done!",
        "Now rest. The evening makes it golden.",
        "Finished, just before the sun sets.",
        "The work is done. What a view!",
        "A golden light, and all is ready.",
        "The day ends. Everything is in its place.",
        "Look at it once more in the last light.",
    ),
    "night": (
        "Good night! Tomorrow you can look again.",
        "It is late. You did it all!",
        "Done! Now it may get dark.",
        "At night it is quiet here. Well done!",
        "The end. You have earned your sleep.",
        "Switch off the day. It is finished.",
        "The moon likes it too.",
        "And that is how it is done. Good night!",
        "Night falls on a fine piece of work.",
    ),
    "morning": (
        "In the morning light it looks even better.",
        "A new day shows it all. Well done!",
        "Look at it by day: finished!",
        "The sun comes up on your work.",
        "Good morning! It is ready.",
        "Now everyone can see it.",
        "Done! The sun is the first guest.",
        "And that is how it is done.",
    ),
    "stars": (
        "Last, {np} for the night. Done!",
        "It is night, and {np} {light} on your work.",
        "To finish: {np}. Well done!",
        "{np} {light} over it all. That is it!",
        "At night, {np} make{s} it perfect.",
        "And for the end, {np}.",
        "Look up: {np}! All is done.",
        "The last touch is {np}, up in the dark.",
        "Nothing is missing now, not even {np}.",
    ),
}
TITLES: dict[str, tuple[str, ...]] = {
    "opening": ("The place", "We begin", "A good start", "Getting ready"),
    "find": ("Add {np}", "{Np}", "Now {np}", "Next: {np}"),
    "bigger": ("Let it grow", "Bigger", "Growing"),
    "more": ("Even more", "{Several}", "One more time"),
    "colour": ("A new colour", "{Colour} paint", "Time to paint"),
    "rain": ("Some rain", "Water"),
    "snow": ("Snow", "Let it snow"),
    "clear": ("Good weather", "A clear sky"),
    "evening": ("All done", "Evening light", "Finished"),
    "night": ("All done", "Good night", "Finished"),
    "morning": ("All done", "In the daylight"),
    "stars": ("The last touch", "Starlight", "All done"),
}
