"""What happens in a picture story: a premise, and beats that change one scene step by step. No prose.

A story opens on its hero, lets everything that was asked for happen, in order, fills up with small events, and ends with the
light. The scene behind it is exact: at most four things, one a slot, and every beat is an edit that a painter can follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from core.pocket.world import KINDS, MAX_THINGS, PLACES, WEATHER_OF, Colour, Kind, Place, Scene, Thing, Time, Weather
from train.pocket.beats import Beat, Event, Premise, Story
from train.pocket.intents import Intent, Wanted
from train.pocket.wishes import CAST, altered, described, free_slots, restaged, without

#: How many pictures a story has when nobody said.
LENGTHS = {3: 10, 4: 25, 5: 50, 6: 15}
ENDS = 0.92  # of the stories with room for it end with the light
#: Where a journey's things stay behind: a house does not travel.
ROOTED = frozenset({"house", "tree", "flower", "mushroom", "snowman", "boat", "cloud", "star"})
#: Invented finds, by how much children like them.
FINDS = (
    "balloon",
    "balloon",
    "kite",
    "gift",
    "gift",
    "flower",
    "mushroom",
    "boat",
    "bird",
    "butterfly",
    "butterfly",
    "tree",
    "house",
)
FLYERS = ("bird", "butterfly", "balloon", "kite", "cloud")
PRESENTS = ("boat", "flower", "mushroom")  # what may come out of a gift
EXTRAS: dict[str, int] = {
    **{"find": 8, "friend": 7, "weather": 3, "bigger": 5, "more": 6, "colour": 5, "move": 4, "gone": 9, "open": 12, "evening": 1},
}


NO_TASK = frozenset({"friend", "move", "gone", "open", "evening"})  # what has no place in a how-to


def plot(rng: Random, premise: Premise) -> Story:
    """A story that does what the premise asks; all else is invented."""
    return _Plot(rng, premise).told()


@dataclass
class _Plot:
    rng: Random
    premise: Premise
    beats: list[Beat] = field(default_factory=list)
    visitors: set[str] = field(default_factory=set)  # kinds that nobody asked for, so that they may go again
    coming: list[Wanted] = field(default_factory=list)  # asked for and not yet there: their room is kept

    @property
    def scene(self) -> Scene:
        return self.beats[-1].scene

    def told(self) -> Story:
        rng, premise = self.rng, self.premise
        total = premise.steps or rng.choices(list(LENGTHS), list(LENGTHS.values()))[0]
        asked = list(premise.asked)
        from_the_start: list[Wanted] = []
        while len(asked) > total - 1:  # too few pictures for one event each: some are there from the start
            late = next((i for i in reversed(range(len(asked))) if asked[i][0] in ("find", "friend")), None)
            event, value = asked.pop() if late is None else asked.pop(late)
            if event in ("find", "friend"):
                from_the_start.append(value)
        self.coming = [value for event, value in asked if event in ("find", "friend")]
        self._open(from_the_start, journey=any(event == "journey" for event, _ in asked))
        ends = len(asked) < total - 1 and rng.random() < ENDS
        extras = total - 1 - len(asked) - ends
        for number in range(len(asked) + extras):
            if asked and (number == 0 or rng.random() < len(asked) / (len(asked) + extras) or not extras):
                self._happens(*asked.pop(0))
            else:
                extras -= 1
                self._invent()
        if ends:
            self._end()
        hero = self.beats[0].subject
        return Story(hero, dict(premise.names), tuple(self.beats), premise.task)

    # -------------------------------------------------------- the opening

    def _open(self, things: list[Wanted], journey: bool) -> None:
        rng, premise = self.rng, self.premise
        hero = premise.hero or Wanted(rng.choice([kind.name for kind in CAST if kind.name not in self._expected()]))
        weather: Weather = premise.weather or "clear"
        ahead = {value for event, value in premise.asked if event == "journey"}
        place: Place = rng.choice([each for each in PLACES if weather in WEATHER_OF[each] and each not in ahead])
        place = place if premise.place is None else premise.place
        weather = weather if weather in WEATHER_OF[place] else "clear"
        sunny = (1, 0, 0) if ("evening", None) in premise.asked else (20, 2, 1)
        time: Time = premise.time or rng.choices(("day", "evening", "night"), sunny)[0]
        scene = Scene(place=place, view=rng.choice((1, 2, 3)), time=time, weather=weather)
        for wanted in [hero, *things]:
            scene = scene.with_things(*scene.things, self._made(wanted, scene))
        if not journey and not premise.task and rng.random() < 0.2 and self._room(scene, "ground"):
            self.visitors.add(scenery := rng.choice(("house", "tree", "flower")))
            if scenery not in self._expected() and scene.find(scenery) is None:
                scene = scene.with_things(*scene.things, self._made(Wanted(scenery), scene))
        said_weather = weather if weather != "clear" or rng.random() < 0.15 else None
        intent = Intent(True, place, time, said_weather, tuple(as_said(thing) for thing in scene.things))
        self.beats.append(Beat("opening", hero.kind, intent, None, scene))

    def _expected(self) -> set[str]:
        return {wanted.kind for wanted in self.coming}

    def _room(self, scene: Scene, row: str) -> bool:
        """Whether one more thing fits, with all that is still to come."""
        kinds = [thing.kind for thing in scene.things] + [wanted.kind for wanted in self.coming]
        return len(kinds) < MAX_THINGS and sum(KINDS[kind].row == row for kind in kinds) < 3

    def _made(self, wanted: Wanted, scene: Scene) -> Thing:
        """The thing itself: what was not said is chosen."""
        rng, kind = self.rng, KINDS[wanted.kind]
        count = wanted.count or (rng.choices(("one", "two", "three"), (6, 2, 2))[0] if kind.countable else "one")
        colour: Colour = kind.colours[0] if rng.random() < 0.4 else rng.choice(kind.colours)
        colour = colour if wanted.colour is None else wanted.colour
        size = wanted.size or ("big" if kind.name in ("house", "tree") and rng.random() < 0.4 else "medium")
        slot = rng.choice(free_slots(scene, kind))
        return Thing(slot=slot, count=count, size=size, colour=colour, kind=kind.name)

    # -------------------------------------------------------- events

    def _beat(self, event: Event, subject: str, intent: Intent, scene: Scene) -> None:
        self.beats.append(Beat(event, subject, intent, self.scene, scene))

    def _happens(self, event: Event, value: Any) -> None:
        if event in ("find", "friend"):
            self.coming = [wanted for wanted in self.coming if wanted.kind != value.kind]
            self._come(event, value)
        elif event == "journey":
            self._journey(value)
        else:
            self._turn(event)

    def _come(self, event: Event, wanted: Wanted) -> None:
        thing = self._made(wanted, self.scene)
        self._beat(event, thing.kind, Intent(False, wanted=(as_said(thing),)), self.scene.with_things(*self.scene.things, thing))

    def _journey(self, place: Place) -> None:
        scene = self.scene
        gone = tuple(thing.kind for thing in scene.things if thing.kind in ROOTED)
        things = tuple(thing for thing in scene.things if thing.kind not in gone)
        weather = scene.weather if scene.weather in WEATHER_OF[place] else "clear"
        after = restaged(scene, place=place, view=self.rng.choice((1, 2, 3)), weather=weather, things=things)
        self._beat("journey", place, Intent(False, place=place, gone=gone), after)

    def _turn(self, event: Event) -> None:
        """The weather or the light changes."""
        if event == "rain" or event == "snow" or event == "clear":
            self._beat(event, event, Intent(False, weather=event), restaged(self.scene, weather=event))
        else:
            time: Time = "night" if event == "night" else "evening" if event == "evening" else "day"
            self._beat(event, time, Intent(False, time=time), restaged(self.scene, time=time))

    def _alter(self, event: Event, thing: Thing, **values: Any) -> None:
        wanted = Wanted(thing.kind, **values)
        self._beat(event, thing.kind, Intent(False, wanted=(wanted,)), altered(self.scene, thing, **values))

    def _invent(self) -> None:
        for _ in range(60):
            event = self.rng.choices(list(EXTRAS), list(EXTRAS.values()))[0]
            if event in NO_TASK and self.premise.task:
                continue
            if _INVENTIONS[event](self):
                return
        self._turn("evening" if self.scene.time == "day" else "morning")  # there is always the sun

    def _happened(self, *events: Event) -> bool:
        return any(beat.event in events for beat in self.beats)

    def _find(self) -> bool:
        kind = KINDS[self.rng.choice(FINDS)]
        if self.scene.find(kind.name) or kind.name in self._expected() or not self._room(self.scene, kind.row):
            return False
        self.visitors.add(kind.name)
        self._come("find", Wanted(kind.name))
        return True

    def _friend(self) -> bool:
        kind = self.rng.choice(CAST)
        cast = [thing for thing in self.scene.things if KINDS[thing.kind].character]
        taken = self.scene.find(kind.name) or kind.name in self._expected()
        if taken or len(cast) > 1 or not self._room(self.scene, "ground"):
            return False
        self._come("friend", Wanted(kind.name))
        return True

    def _weather(self) -> bool:
        others = [weather for weather in WEATHER_OF[self.scene.place] if weather != self.scene.weather]
        if not others or (self._happened("rain", "snow", "clear") and "clear" not in others):
            return False
        self._turn(self.rng.choice(others))
        return True

    def _evening(self) -> bool:
        if self.scene.time != "day" or self._happened("evening", "night", "morning"):
            return False
        self._turn("evening")
        return True

    def _props(self) -> list[Thing]:
        """Things that are not characters and came before the last beat."""
        return [thing for thing in self.scene.things if not KINDS[thing.kind].character and thing.kind != self.beats[-1].subject]

    def _bigger(self) -> bool:
        growing = [thing for thing in self._props() if thing.kind in ("flower", "tree", "mushroom", "balloon", "star", "snowman")]
        growing = [thing for thing in growing if thing.size != "big"]
        if not growing or self._happened("bigger"):
            return False
        self._alter("bigger", self.rng.choice(growing), size="big")
        return True

    def _more(self) -> bool:
        few = [thing for thing in self._props() if KINDS[thing.kind].countable and thing.count != "three"]
        few = [thing for thing in few if not self._counted(thing.kind)]
        if not few or self._happened("more"):
            return False
        thing = self.rng.choice(few)
        self._alter("more", thing, count="three" if thing.count == "two" else self.rng.choice(("two", "three")))
        return True

    def _counted(self, kind: str) -> bool:
        """Whether the request said how many there are."""
        return any(event == "find" and value.kind == kind and value.count for event, value in self.premise.asked)

    def _colour(self) -> bool:
        asked = {value.kind for event, value in self.premise.asked if event == "find"}
        plain = [thing for thing in self._props() if len(KINDS[thing.kind].colours) > 1 and thing.kind not in asked]
        if not plain or self._happened("colour"):
            return False
        thing = self.rng.choice(plain)
        others = [colour for colour in KINDS[thing.kind].colours if colour != thing.colour]
        self._alter("colour", thing, colour=self.rng.choice(others))
        return True

    def _move(self) -> bool:
        hero = self.scene.find(self.beats[0].subject)
        free = free_slots(self.scene, KINDS[self.beats[0].subject])
        if hero is None or not free or self._happened("move") or not self._props():
            return False
        self._alter("move", hero, slot=self.rng.choice(free))
        return True

    def _gone(self) -> bool:
        leaving = [thing for thing in self._props() if thing.kind in FLYERS and thing.kind in self.visitors]
        if not leaving or self._happened("gone"):
            return False
        thing = self.rng.choice(leaving)
        self._beat(
            "gone", thing.kind, Intent(False, gone=(thing.kind,)), self.scene.with_things(*without(self.scene, thing.kind))
        )
        return True

    def _open_gift(self) -> bool:
        gift = self.scene.find("gift")
        kinds = [kind for kind in PRESENTS if self.scene.find(kind) is None and kind not in self._expected()]
        if gift is None or gift.count != "one" or not kinds or self.beats[-1].subject != "gift":
            return False
        empty = self.scene.with_things(*without(self.scene, "gift"))
        new = replace(described(self._made(Wanted(self.rng.choice(kinds)), empty)), slot=gift.slot)
        thing = Thing(slot=gift.slot, count=new.count or "one", size="medium", colour=new.colour or "red", kind=new.kind)
        intent = Intent(False, wanted=(as_said(thing),), gone=("gift",))
        self._beat("open", new.kind, intent, empty.with_things(*empty.things, thing))
        return True

    # -------------------------------------------------------- the end

    def _end(self) -> None:
        scene, rng = self.scene, self.rng
        if scene.time == "night":
            can_shine = scene.find("star") is None and self._room(scene, "sky")
            return self._come("stars", Wanted("star")) if can_shine and rng.random() < 0.5 else self._turn("morning")
        if scene.find("star") is None and self._room(scene, "sky") and rng.random() < 0.6:
            star = self._made(Wanted("star"), scene)
            after = restaged(scene, time="night", things=scene.with_things(*scene.things, star).things)
            return self._beat("stars", "star", Intent(False, time="night", wanted=(as_said(star),)), after)
        return self._turn("evening" if scene.time == "day" and rng.random() < 0.4 else "night")


_INVENTIONS: dict[str, Callable[[_Plot], bool]] = {
    "find": _Plot._find,
    "friend": _Plot._friend,
    "weather": _Plot._weather,
    "evening": _Plot._evening,
    "bigger": _Plot._bigger,
    "more": _Plot._more,
    "colour": _Plot._colour,
    "move": _Plot._move,
    "gone": _Plot._gone,
    "open": _Plot._open_gift,
}


def as_said(thing: Thing) -> Wanted:
    """A thing as a prompt describes it: the usual size is not worth a word."""
    return replace(described(thing), size=None if thing.size == "medium" else thing.size)


def fits(kinds: list[Kind]) -> bool:
    """Whether all these can be in one picture."""
    rows = [kind.row for kind in kinds]
    return len(kinds) <= MAX_THINGS and rows.count("ground") <= 3 and rows.count("sky") <= 3
