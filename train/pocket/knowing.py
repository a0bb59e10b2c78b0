"""What is known of the things of this world, without their names: facts, each in several wordings. Data only.

``told`` wordings are for training, ``held`` ones for the benchmark: these never occur in training, though what they speak
of does ("the pet that purrs", and "the furry friend who purrs on your lap"). A wording of a thing or a character stands
where its name would; one of a place, a time, the weather or a season follows it.
"""

from __future__ import annotations

from typing import NamedTuple

from core.pocket.world import Colour, Count


class Words(NamedTuple):
    """Wordings of one fact: to train with, and to measure with."""

    told: tuple[str, ...]
    held: tuple[str, ...]

    def of(self, held: bool) -> tuple[str, ...]:
        return self.held if held else self.told


KINDS: dict[str, Words] = {
    "cat": Words(
        (
            *(
                "the pet that purrs",
                "the animal that says meow",
                "the animal that chases mice",
                "somebody who drinks milk and purrs",
            ),
            *("the pet with whiskers and soft paws", "the one who naps on the sofa and says meow", "the hunter of mice and rats"),
        ),
        (
            "the furry friend who purrs on your lap",
            "the one that meows and drinks milk",
            "the animal with whiskers that hunts mice",
        ),
    ),
    "dog": Words(
        (
            *("the pet that barks", "the animal that says woof", "the animal that wags its tail", "the pet that fetches sticks"),
            *(
                "somebody who buries bones in the garden",
                "the friend who guards the door and barks",
                "the one who brings a stick back",
            ),
        ),
        ("the loyal friend who wags a tail", "the animal that barks at the postman", "the pet that buries a bone and says woof"),
    ),
    "rabbit": Words(
        (
            *("the animal with long ears that hops", "the animal that loves carrots", "the one who brings Easter eggs"),
            *(
                "the fluffy animal that lives in a burrow",
                "somebody with long ears and a tiny tail",
                "the hopper with the long ears",
            ),
            *("the animal that nibbles carrots and hops",),
        ),
        (
            "the hopper who nibbles a carrot",
            "the long-eared guest who brings the Easter eggs",
            "the one with long ears in a burrow",
        ),
    ),
    "bear": Words(
        (
            *("the animal that loves honey", "the animal that sleeps all winter", "the big animal that growls"),
            *("the furry animal that catches salmon", "somebody furry who steals honey from the bees"),
            *("the animal that lives in a cave and growls", "the one who sleeps in a cave until spring"),
        ),
        (
            "the honey thief who growls",
            "the animal that sleeps in its cave all winter long",
            "the furry one that likes salmon and honey",
        ),
    ),
    "frog": Words(
        (
            *(
                "the animal that croaks",
                "the animal that says ribbit",
                "the one that was a tadpole once",
                "the prince before the kiss",
            ),
            *("the animal that catches flies with its tongue", "somebody who jumps into the pond and croaks"),
            *("the one who sits on a lily pad", "the jumper that says ribbit"),
        ),
        ("the jumper from the pond that says ribbit", "the one that began as a tadpole", "the singer who croaks on a lily pad"),
    ),
    "duck": Words(
        (
            *("the bird that quacks", "the animal that says quack", "the bird that swims and waddles"),
            *("the animal with a flat beak and webbed feet", "somebody who waddles to the water and quacks"),
            *("the swimmer with the flat beak", "the one who quacks all day", "the bird with webbed feet"),
        ),
        ("the swimmer who quacks", "the one who waddles about on webbed feet", "the bird with a flat beak that says quack"),
    ),
    "penguin": Words(
        (
            *("the bird that swims but cannot fly", "the bird in a tailcoat", "the animal that slides on its belly over the ice"),
            *(
                "the bird from the South Pole",
                "somebody who looks like a waiter and loves ice",
                "the bird that lives among icebergs",
            ),
            *("the one in a tailcoat who cannot fly",),
        ),
        (
            "the bird in its tailcoat that cannot fly",
            "the one who slides over the ice on its belly",
            "the guest from the South Pole",
        ),
    ),
    "house": Words(
        (
            *("what has a roof and a chimney", "what people live in", "what has a door, windows and a roof"),
            *("the building that a family lives in", "what has walls and a chimney that smokes", "what a bricklayer builds"),
        ),
        ("what has four walls, a door and a chimney", "the building with a roof that people live in"),
    ),
    "tree": Words(
        (
            *("the plant with a trunk and branches", "what has leaves, roots and a trunk", "the tall plant that gives shade"),
            *(
                "what an acorn grows into",
                "the plant that birds nest in",
                "what squirrels climb",
                "what has branches and gives shade",
            ),
        ),
        ("what once was an acorn", "the tall thing with roots and branches", "the plant with a trunk that squirrels climb"),
    ),
    "flower": Words(
        (
            *(
                "what bees visit",
                "the plant with petals that smells sweet",
                "what you put in a vase",
                "what a bouquet is made of",
            ),
            *("the plant with petals", "what smells sweet and stands in a vase", "what the bee loves"),
        ),
        ("what a bee visits", "what has petals and goes into a vase"),
    ),
    "mushroom": Words(
        (
            *("what grows under the trees and has a cap", "the thing with a cap and a stem", "what gnomes live in"),
            *("what you gather with a basket in the woods", "the umbrella of the gnomes", "what is no plant and wears a cap"),
        ),
        ("the umbrella of a gnome", "what wears a cap on its stem", "what people gather in a basket under the trees"),
    ),
    "boat": Words(
        (
            *("what sails on the water", "the thing with a sail and a mast", "what a captain steers", "what a sailor sails in"),
            *("what floats and carries sailors", "the thing with a mast that floats", "what has an anchor and a sail"),
        ),
        ("what a captain steers over the waves", "what floats and has a mast and a sail"),
    ),
    "snowman": Words(
        (
            *("the man with a carrot for a nose", "the cold man made of snowballs", "the man who melts in the sun"),
            *(
                "the fellow with coal buttons and a carrot nose",
                "what children build of three snowballs",
                "the cold fellow who melts",
            ),
        ),
        ("the man with a carrot nose and buttons of coal", "the cold fellow made of three snowballs"),
    ),
    "gift": Words(
        (
            *("what you unwrap on your birthday", "the thing with paper and a ribbon", "the box with a surprise inside"),
            *("what Santa brings", "what lies under the Christmas tree", "the box that is tied with a bow", "what you unwrap"),
        ),
        ("the surprise in a box with a bow", "what Santa leaves under the Christmas tree", "what birthday children unwrap"),
    ),
    "balloon": Words(
        (
            *("the round thing filled with air", "what pops when you prick it", "the party thing that pops"),
            *("what you blow up until it is round", "what floats up when you let go of its string", "the round thing that pops"),
        ),
        ("the round party thing full of air", "what you blow up and what pops at last"),
    ),
    "kite": Words(
        (
            *(
                "the toy that flies on a string",
                "what you fly on a windy day",
                "the toy with a long tail that dances in the wind",
            ),
            *("the toy that needs wind and a long string", "the paper toy that flies", "the windy toy with a tail"),
        ),
        ("the toy on a long string that needs a windy day", "the flying toy with a tail of paper"),
    ),
    "bird": Words(
        (
            *("the animal with feathers and wings", "what hatches in a nest and sings", "the animal that builds a nest"),
            *(
                "what flies and chirps",
                "the singer with feathers",
                "the one who chirps in the morning",
                "what sings and has feathers",
            ),
        ),
        ("the singer from the nest", "what has feathers and chirps", "what builds a nest and flies"),
    ),
    "butterfly": Words(
        (
            *("what a caterpillar turns into", "the insect with colourful wings", "what comes out of a cocoon"),
            *("what flutters from petal to petal", "the insect that was a caterpillar", "what slept in a cocoon before"),
        ),
        ("what the caterpillar becomes", "the insect out of the cocoon", "the colourful insect that flutters"),
    ),
    "star": Words(
        (
            *(
                "what twinkles far up",
                "what you wish upon",
                "what sailors steer by in the dark",
                "the one of which you sing twinkle",
            ),
            *("what twinkles and grants a wish", "the far light that twinkles", "what shines from far away in the dark"),
        ),
        ("the far light that you wish upon", "what twinkles and guides sailors in the dark"),
    ),
    "cloud": Words(
        (
            *("what rain falls from", "what looks like a sheep high up", "the fluffy thing that hides the sun"),
            *(
                "what drifts along like cotton wool",
                "what hides the sun",
                "the fluffy sheep of heaven",
                "what is made of tiny drops",
            ),
        ),
        ("the fluffy thing that rain falls from", "what drifts like a sheep and hides the sun"),
    ),
}
#: What has a colour, after "in the colour of".
COLOURS: dict[Colour, Words] = {
    "red": Words(
        ("tomatoes", "strawberries", "a fire engine", "ladybirds", "one tomato", "a sweet strawberry", "a juicy tomato", "blood"),
        ("a ripe tomato", "fresh strawberries"),
    ),
    "orange": Words(
        ("carrots", "a pumpkin", "tangerines", "a fox", "a crunchy carrot", "big pumpkins", "one carrot"),
        ("a carrot", "the pumpkins"),
    ),
    "yellow": Words(
        ("the sun", "lemons", "a canary", "bananas", "egg yolk", "a sour lemon", "the hot sun", "one lemon"),
        ("a lemon", "the bright sun"),
    ),
    "green": Words(
        ("grass", "cucumbers", "peas", "spinach", "a leaf", "wet grass", "one cucumber", "a fresh cucumber"),
        ("fresh grass", "a cucumber"),
    ),
    "blue": Words(
        ("the sky", "the sea", "blueberries", "sapphires", "a clear sky", "the wide sea", "the sky in May"),
        ("a summer sky", "the deep sea"),
    ),
    "purple": Words(
        ("plums", "grapes", "lavender", "an aubergine", "a sweet plum", "one grape", "ripe grapes", "fresh plums"),
        ("a ripe plum", "sweet grapes"),
    ),
    "pink": Words(
        ("a pig", "flamingos", "raspberry ice cream", "bubble gum", "little pigs", "one flamingo", "a fat pig"),
        ("a little pig", "a flamingo"),
    ),
    "white": Words(
        ("milk", "snow", "a swan", "salt", "a glass of milk", "three swans", "cold milk", "fresh snow"),
        ("fresh milk", "two swans"),
    ),
    "brown": Words(
        ("chocolate", "coffee", "chestnuts", "mud", "a piece of chocolate", "one chestnut", "sweet chocolate"),
        ("a bar of chocolate", "a chestnut"),
    ),
}
COLOURED: Words = Words(
    ("in the colour of {x}", "coloured like {x}", "in the same colour as {x}"),
    ("that has the colour of {x}", "of the colour of {x}"),
)
#: After "as many birds as".
COUNTS: dict[Count, Words] = {
    "two": Words(
        (
            *("you have eyes", "a bicycle has wheels", "you have hands", "there are socks in a pair", "a bird has wings"),
            *("there are ears on your head", "a bicycle needs wheels", "there are hands on your arms"),
        ),
        ("there are wheels on a bicycle", "there are eyes in your face"),
    ),
    "three": Words(
        (
            *("a tricycle has wheels", "a traffic light has lamps", "a triangle has corners", "a tricycle needs wheels"),
            *("there were little pigs in the fairy tale", "there are lamps on a traffic light", "there are sides to a triangle"),
        ),
        ("there are wheels on a tricycle", "there are corners on a triangle", "the fairy tale has little pigs"),
    ),
}
