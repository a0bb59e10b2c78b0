"""Places, times, weathers and seasons by what is known of them, and the sentences of riddles. Data only.

``told`` wordings are for training, ``held`` ones for the benchmark, as in :mod:`train.pocket.knowing`.
"""

from __future__ import annotations

from core.pocket.world import Place, Time, Weather
from train.pocket.knowing import Words

PLACES: dict[Place, Words] = {
    "beach": Words(
        (
            *("where waves break", "where you build sandcastles", "where shells lie in the sand", "where crabs walk sideways"),
            *("where gulls cry and waves roll in", "at the place where the tide comes in", "where one swims in salt water"),
        ),
        ("at the place where the waves break", "where children build a sandcastle", "where a crab walks over the shells"),
    ),
    "forest": Words(
        (
            *("where the trees stand close together", "where woodpeckers knock", "where Little Red Riding Hood met the wolf"),
            *(
                "where moss grows and owls live",
                "where Hansel and Gretel got lost",
                "at the place where deer hide among the trunks",
            ),
        ),
        ("where a woodpecker knocks", "where deer hide and moss grows", "at the place where Hansel got lost"),
    ),
    "mountain": Words(
        (
            *("where the peaks are", "where climbers climb", "where echoes answer", "where eagles nest", "where the air is thin"),
            *("at the place where the rocks touch the clouds", "where goats climb on rocks"),
        ),
        ("where an echo answers", "at the place where the eagles nest", "among peaks where the air is thin"),
    ),
    "meadow": Words(
        (
            *("where cows graze", "where hay is made", "where sheep graze", "where one lies among daisies and clover"),
            *("at the place where farmers make hay", "where grasshoppers chirp and cows moo"),
        ),
        ("where a cow grazes", "at the place where hay is made", "where clover and daisies grow for the sheep"),
    ),
    "town": Words(
        (
            *("where many people live side by side", "where the mayor lives", "where trams and buses run"),
            *("at the place where street lamps shine", "where the market is held", "where shops stand side by side"),
        ),
        ("where a bus runs past the shops", "where the mayor works", "at the place where the market is held"),
    ),
    "desert": Words(
        (
            *("where camels walk", "where cacti grow", "where it hardly ever rains", "where scorpions live"),
            *("at the place where the sand never ends", "where one rides on a camel and is thirsty"),
        ),
        ("where a camel walks", "where the sand never ends and cacti grow", "at the place where scorpions live"),
    ),
}
TIMES: dict[Time, Words] = {
    "night": Words(
        (
            *("when owls wake up", "when bats fly", "when children are asleep", "when everyone is in bed"),
            *("at the hour when owls hoot", "at the hour of ghosts", "when one needs a torch to see"),
        ),
        ("at the hour when bats fly", "when an owl wakes up", "when all the children are in bed"),
    ),
    "evening": Words(
        (
            *("when the sun goes to bed", "just before it gets dark", "when shadows grow long", "at the hour when lamps are lit"),
            *("between supper and bed", "when the sun says goodbye", "at the hour of long shadows"),
        ),
        ("when the sun has to say goodbye", "at the hour when shadows grow long", "shortly before it gets dark"),
    ),
    "day": Words(
        (
            *("when the sun stands high", "at the hour of lunch", "when school is on", "while everyone is awake"),
            *("when roosters have crowed and all is bright", "when shadows are short"),
        ),
        ("at the hour when the sun stands high", "while school is on", "when everyone is awake for lunch"),
    ),
}
WEATHERS: dict[Weather, Words] = {
    "rain": Words(
        (
            *(
                "in weather for umbrellas",
                "when everyone wears rubber boots",
                "while puddles grow",
                "when snails come out to bathe",
            ),
            *("while drops drum on the roofs", "on a day when you open an umbrella"),
        ),
        ("when you open your umbrella", "in weather for rubber boots", "while the puddles grow and grow"),
    ),
    "snow": Words(
        (
            *("in weather for sledges", "while white flakes fall", "in the season of snowball fights", "in the coldest season"),
            *("when you need mittens and a sledge", "in the season when children skate"),
        ),
        ("in weather for mittens and sledges", "in the season when snowballs fly", "while flakes fall thick and white"),
    ),
}
#: Seasons that show in what grows.
SEASONS: dict[str, Words] = {
    "autumn": Words(
        (
            *("in the season of falling leaves", "when the leaves come down", "in the season after summer"),
            *("when the leaves turn colourful", "in the season when squirrels hide nuts"),
        ),
        ("in the season when leaves fall", "when leaves turn colourful and come down"),
    ),
    "spring": Words(
        (
            *("in the season when cherry trees bloom", "when the first blossoms open", "in the season after winter"),
            *("in the season of Easter and blossoms", "when cherry trees are pink"),
        ),
        ("in the season when the first blossoms open", "when the cherry trees bloom"),
    ),
}
#: A request around its parts: ``{who}``, ``{comes}`` what is there or happens, ``{where}`` place, time, weather and season.
ONE: Words = Words(
    (
        *("A picture of {who}{comes}{where}", "Draw {who}{comes}{where}", "Show me {who}{comes}{where}"),
        *("I would like to see {who}{comes}{where}", "Paint {who}{comes}{where}", "{who}{comes}{where}"),
    ),
    ("Could you draw {who}{comes}{where}", "I want to see {who}{comes}{where}", "{who}{comes}{where}"),
)
#: The same where something happens.
SEVERAL: Words = Words(
    ("{who}{where}{comes}", "{who}{comes}{where}", "Show how {who}{comes}{where}", "Tell me how {who}{comes}{where}"),
    ("{who}{where}{comes}", "{who}{comes}{where}", "Please draw how {who}{comes}{where}"),
)
LENGTHS: Words = Words(
    ("in {n} pictures", "{n} pictures", "in {n} pictures please", "with {n} pictures"), ("in {n} pictures", "{n} pictures please")
)
SINGLE: Words = Words(
    ("in one picture", "one picture", "a single picture", "just one picture", "in 1 picture"),
    ("one picture please", "in a single picture", "just one picture"),
)
WITH: tuple[str, ...] = (" and {}", " with {}", " beside {}")
MEETS: tuple[str, ...] = (" meets {}", " plays with {}", " makes friends with {}", " is visited by {}")
FINDS: tuple[str, ...] = (" finds {}", " sees {}", " gets {}", " discovers {}")
THEN: tuple[str, ...] = (" and then {}", " and later {}", ", then {}")
WITHOUT: Words = Words(
    (", but without {}", ", but no trace of {}", ", and {} is not there"), (", without {} though", ", but {} is not there")
)
