"""Says an intent as a prompt, in one of five styles, and the canonical explicit prompt that a refinement uses.

:mod:`train.pocket.reading` reads back what this module writes. Explicit prompts name colour, count, slot and what to keep;
vague ones leave most of it out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from core.pocket.world import KINDS, Scene, Slot, Thing
from train.pocket import frames, lexicon, phrases
from train.pocket.intents import NOTHING, Finding, Intent, Wanted
from train.pocket.phrases import Style
from train.pocket.wording import Voice, article, joined, sentence

#: How often a prompt for an edit says what to keep, by style.
KEEPS: dict[Style, float] = {"explicit": 1.0, "paraphrased": 0.6, "terse": 0.25, "vague": 0.0, "long": 0.7}
KEEPS_NAMED = 0.5  # of the keep clauses say what; a story keeps its prompts shorter
ONLY = 0.3  # of the explicit and long prompts for a whole picture say that there is nothing else
PLAIN = Voice()


@dataclass(frozen=True)
class Said:
    """A prompt, and whether it says what to keep (or, for a whole picture, that there is nothing else)."""

    text: str
    keeps: bool


@dataclass(frozen=True)
class Change:
    """One part of an edit, as a sentence will say it: a new thing, a thing that is there, a value of the picture."""

    op: Literal["add", "remove", "recolour", "move", "resize", "recount", "replace", "place", "time", "weather", "nothing"]
    wanted: Wanted | None = None
    thing: Thing | None = None
    value: str = ""

    @property
    def table(self) -> str:
        return f"{self.op} {self.value}" if self.op in ("time", "weather") else self.op


def changes(intent: Intent, before: Scene) -> list[Change]:
    """The parts of an edit in the order of telling: things, then place, time, weather."""
    found: list[Change] = []
    gone = [thing for thing in before.things if thing.kind in intent.gone]
    for wanted in intent.wanted:
        thing = before.find(wanted.kind)
        if thing is None:
            row = KINDS[wanted.kind].row
            old = next((each for each in gone if KINDS[each.kind].row == row and wanted.slot in (None, each.slot)), None)
            if old:
                gone.remove(old)
            found.append(Change("replace" if old else "add", wanted, old))
            continue
        values = {"recolour": wanted.colour, "resize": wanted.size, "recount": wanted.count, "move": wanted.slot}
        was = {"recolour": thing.colour, "resize": thing.size, "recount": thing.count, "move": thing.slot}
        found += [Change(op, wanted, thing, value) for op, value in values.items() if value and value != was[op]]  # type: ignore[arg-type]
    found = [Change("remove", None, thing) for thing in gone] + found
    staged = {"place": intent.place, "time": intent.time, "weather": intent.weather}
    found += [Change(op, value=value) for op, value in staged.items() if value and value != getattr(before, op)]  # type: ignore[arg-type]
    return found or [Change("nothing")]


# ---------------------------------------------------------------- canonical


def filled(intent: Intent, before: Scene | None) -> Intent:
    """The intent with the usual colour and the first free slot for every new thing; counts default to one."""
    taken: set[Slot | None] = {wanted.slot for wanted in intent.wanted}
    taken |= {thing.slot for thing in before.things if thing.kind not in intent.gone} if before else set()
    wanted = []
    for each in intent.wanted:
        if before and before.find(each.kind):
            wanted.append(each)
            continue
        kind = KINDS[each.kind]
        roomiest = (kind.slots[2], kind.slots[0], kind.slots[1])
        slot = each.slot or next((slot for slot in roomiest if slot not in taken), kind.slots[0])
        taken.add(slot)
        count = each.count or ("one" if kind.countable else None)
        wanted.append(Wanted(each.kind, each.colour or kind.colours[0], each.size, count, slot))
    return replace(intent, wanted=tuple(wanted))


def explicit_edit(intent: Intent, before: Scene, damaged: Sequence[Finding] = ()) -> str:
    """The canonical explicit prompt for an edit: free attributes filled in, what to keep named, damage forbidden."""
    full = filled(intent, before)
    wishes = [change for change in changes(full, before) if change.op != "nothing"]
    parts = [_clause(change, before, phrases.EDITS[change.table]["explicit"][0], PLAIN) for change in wishes]
    parts += [_forbid(finding) for finding in damaged[:2]]
    kept = [PLAIN.the_thing(thing) for thing in _untouched(full, before)]
    parts.append(f"keep {joined([*kept, 'everything else'])} as it is")
    return " ".join(map(sentence, parts))


def _forbid(finding: Finding) -> str:
    """The words that put collateral damage right."""
    wanted, subject = finding.wanted, finding.subject
    match finding.attribute:
        case "kind":
            return f"do not add {article(finding.seen)}" if wanted == NOTHING else f"the {subject} must stay"
        case "view":
            return "the background must stay"
        case "place":
            return f"it must stay {lexicon.PLACE_PHRASES[wanted][0]}"  # type: ignore[index]
        case "weather":
            return f"it must stay {lexicon.WEATHER_PHRASES[wanted][0]}"  # type: ignore[index]
        case "time":
            return f"it must stay {wanted}"
        case "slot":
            return f"the {subject} must stay {lexicon.SLOT_PHRASES[wanted][0]}"  # type: ignore[index]
        case "count":
            return f"there must stay {wanted} {subject if wanted == 'one' else KINDS[subject].plural}"
        case _:
            return f"the {subject} must stay {wanted}"


def explicit_whole(intent: Intent, only: bool = True, names: dict[str, str] | None = None) -> str:
    """The canonical explicit prompt for a whole picture."""
    full, voice = filled(intent, None), Voice(names=names or {})
    things = [f"{voice.a_thing(wanted)} {voice.at(wanted.slot)}" for wanted in full.wanted]
    text = f"{joined(things)}, {PLAIN.stage(full)}" if things else f"a picture {PLAIN.stage(full)}"
    return f"{sentence(text)} Nothing else." if only and things else sentence(text)


def _untouched(intent: Intent, before: Scene) -> list[Thing]:
    asked = {wanted.kind for wanted in intent.wanted if not wanted.bare} | set(intent.gone)
    return [thing for thing in before.things if thing.kind not in asked]


# ---------------------------------------------------------------- in any style


def write_edit(intent: Intent, before: Scene, style: Style, rng: Random, names: dict[str, str] | None = None) -> Said:
    """A prompt for an edit of ``before``; with ``names`` (perhaps none) as a step of a story, else with names by chance."""
    voice = Voice(style, rng, dict(names or {}), tells=names is not None)
    if not voice.tells:
        voice.baptise([thing.kind for thing in before.things] + [wanted.kind for wanted in intent.wanted])
    parts = [_clause(change, before, _pattern(change, before, voice), voice) for change in changes(intent, before)]
    keeps = voice.chance(KEEPS[style])
    if keeps:
        kept = [voice.the_thing(thing) for thing in _untouched(intent, before)]
        named = kept and voice.chance(KEEPS_NAMED / 3 if voice.tells else KEEPS_NAMED)
        parts.append(rng.choice(frames.KEEP_NAMED).format(kept=joined(kept)) if named else rng.choice(frames.KEEP_REST))
    return Said(_arranged(parts, voice), keeps)


_LIKE_A_CHARACTER = re.compile(r"meets|comes (along|by)")
_UNLIKE_A_CHARACTER = re.compile(r"finds|gets|give")
_SINGULAR = re.compile(
    r"\{(the|np)\} (is|goes|turns|becomes|moves|runs|hurries|disappears|appears|comes)\b|is (now )?\{np\}|then \{np\}"
)


def _pattern(change: Change, before: Scene, voice: Voice) -> str:
    """One way to say the change that fits: no "is" for many, no meeting with a house, and "the cat finds" needs a cat."""
    fitting = phrases.EDITS[change.table]["paraphrased" if voice.style == "long" else voice.style]
    if not any(KINDS[thing.kind].character for thing in before.things):
        fitting = tuple(pattern for pattern in fitting if "{who}" not in pattern) or fitting
    new = change.wanted if change.thing is None or change.op == "replace" else None
    one = (change.thing is None or change.thing.count == "one") and (new is None or new.count in (None, "one"))
    if not one or (new and new.count is None and KINDS[new.kind].countable):
        fitting = tuple(pattern for pattern in fitting if not _SINGULAR.search(pattern)) or fitting
    if new:
        unfit = _UNLIKE_A_CHARACTER if KINDS[new.kind].character else _LIKE_A_CHARACTER
        fitting = tuple(pattern for pattern in fitting if not unfit.search(pattern)) or fitting
    if voice.tells:
        fitting = tuple(pattern for pattern in fitting if pattern not in phrases.PLEAS)
    assert voice.rng is not None
    return voice.rng.choice(fitting)


def _clause(change: Change, before: Scene, pattern: str, voice: Voice) -> str:
    wanted, thing, value = change.wanted, change.thing, change.value
    fields = {"value": value}
    if "{who}" in pattern:
        fields["who"] = voice.somebody(before)
    if wanted and change.op in ("add", "replace"):
        fields |= {"np": voice.a_thing(wanted), "at": voice.at(wanted.slot)}
    if thing:
        where = change.op != "move" or voice.style == "explicit"
        fields |= {"the": voice.the_thing(thing, slot=where), "kind": voice.noun(thing.kind, thing.count != "one")}
    match change.op:
        case "move":
            assert wanted is not None
            fields |= {"at": voice.at(wanted.slot), "to": f"the {wanted.slot}"}
        case "recount":
            assert thing is not None
            colour = "" if voice.style == "vague" else f" {thing.colour}"
            fields["several"] = f"{value}{colour} {KINDS[thing.kind].plural if value != 'one' else thing.kind}"
        case "place":
            place: tuple[str, ...] = lexicon.PLACE_PHRASES[value]  # type: ignore[index]
            name: tuple[str, ...] = lexicon.PLACE_NAMES[value]  # type: ignore[index]
            fields |= {"place": voice.pick(name), "in_place": voice.pick(place)}
        case "time":
            fields["time"] = value
    return pattern.format(**fields)


def _arranged(parts: list[str], voice: Voice) -> str:
    """The clauses as one prompt: sentences, or a few words without capitals or full stops."""
    style, rng = voice.style, voice.rng or Random(0)
    if style == "terse":
        return ". ".join(" ".join(part.replace(" ,", ",").split()) for part in parts)
    if style == "long":
        parts = [f"{rng.choice(frames.OPENERS)}, {part}" if rng.random() < 0.5 else part for part in parts]
        if rng.random() < 0.6:
            parts.insert(rng.randint(1, len(parts)), rng.choice(frames.ENDINGS))
    text = " ".join(sentence(part) for part in parts)
    if style == "vague" and not voice.tells and rng.random() < 0.3:
        text = text.lower().rstrip(".")
    return text


def write_whole(intent: Intent, style: Style, rng: Random, names: dict[str, str] | None = None) -> Said:
    """A prompt for an empty canvas; with ``names`` (perhaps none) as a step of a story, else with names by chance."""
    voice = Voice(style, rng, dict(names or {}), tells=names is not None)
    if not voice.tells:
        voice.baptise([wanted.kind for wanted in intent.wanted])
    things = [f"{voice.a_thing(wanted)} {voice.at(wanted.slot)}".strip() for wanted in intent.wanted]
    patterns = frames.WHOLE["paraphrased" if style == "long" else style] if things else frames.WHOLE_EMPTY
    pattern = rng.choice(patterns[:1] if voice.tells else patterns)
    if style in ("vague", "terse") and len(things) == 2 and rng.random() < 0.5:
        lively = KINDS[intent.wanted[0].kind].character
        listed = f"{things[0]} {rng.choice(frames.MEETINGS if lively else frames.BETWEEN)} {things[1]}"
    else:
        listed = ", ".join(things) if style == "terse" or not things else joined(things)
    parts = [pattern.format(things=listed, stage=voice.stage(intent))]
    only = bool(things) and style in ("explicit", "long") and rng.random() < ONLY
    if only:
        parts.append(rng.choice(frames.ONLY))
    text = _arranged(parts, voice)
    if style == "vague" and not voice.tells and rng.random() < 0.2:
        text = f"{rng.choice(frames.PERSON_BEFORE)} {text[0].lower() + text[1:].rstrip('.')} {rng.choice(frames.PERSON_AFTER)}"
    return Said(" ".join(text.split()), only)
