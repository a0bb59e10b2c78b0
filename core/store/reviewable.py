"""Decides what of a story can be reviewed, what a queue knows of it, and what its reviews come to. Pure: no database.

An item belongs to the story whose own facts made it, so that it comes once, however many branches share it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, assert_never

from pydantic import TypeAdapter

from core.events import Drawn, Event, Judged, Planned, made_by_person
from core.reviewing import FAULTS, Answer, AnyAnswer, AttemptItem, Fault, Item, PairAnswer, PairItem, PlanAnswer, PlanItem
from core.store.projection import Row
from core.trajectory import Trajectory, Try
from core.types import AttemptKey, ImageRef, StepId

PAIRED = 8  # attempts before it that an attempt is compared with: pairs grow with the attempts, not with their square
ANSWER: TypeAdapter[AnyAnswer] = TypeAdapter(AnyAnswer)
GOOD_PLAN = 3  # of 5: a rating from here on calls a plan usable


class Name(NamedTuple):
    """What names an item among all others."""

    story: str
    kind: str
    key: str


def name_of(item: Item) -> Name:
    match item:
        case AttemptItem(story=story, attempt=key):
            return Name(story, "attempt", f"{key.step}/{key.revision}/{key.number}")
        case PlanItem(story=story, revision=revision):
            return Name(story, "plan", str(revision))
        case PairItem(story=story, first=first, second=second):
            same = (first.step, first.revision) == (second.step, second.revision)
            return Name(story, "pair", f"{first.step}/{first.revision}/{first.number}/{second.number}" if same else "")
        case _:
            assert_never(item)


def item_of(story: str, kind: str, key: str) -> Item:
    """The item that :func:`name_of` names so."""
    if kind == "plan":
        return PlanItem(story=story, revision=int(key))
    step, revision, *numbers = key.split("/")
    attempts = [AttemptKey(step=step, revision=int(revision), number=int(number)) for number in numbers]
    if kind == "pair":
        return PairItem(story=story, first=attempts[0], second=attempts[1])
    return AttemptItem(story=story, attempt=attempts[0])


# ---------------------------------------------------------------- what facts say


def made(story_id: str, first: int, events: Sequence[Event], t: Trajectory) -> list[Row]:
    """The rows of what these facts, which are number ``first`` and on, made; ``t`` is the story after them. No opinions yet."""
    rows = dict[tuple[str, str], Row]()
    for seq, event in enumerate(events, start=first):
        for item, words in _made_by(story_id, event, t):
            _, kind, key = name_of(item)
            painter = event.by.partition(":")[2]
            row = {"seq": seq, "at": event.at, "painter": painter, "words": words.casefold()}
            rows[kind, key] = {"kind": kind, "key": key, **row}
    return list(rows.values())


def opinions(story_id: str, events: Iterable[Event], t: Trajectory, keys: Iterable[AttemptKey]) -> list[Row]:
    """What the critic, the judge and the story's maker say now of these attempts, and of the pairs that these facts judged.

    Rows hold what changes, beside ``kind`` and ``key``.
    """
    critics = dict[AttemptKey, str | None]()
    for event in events:
        if isinstance(event, Drawn):
            critics[event.attempt.key] = None
        elif isinstance(event, Judged) and not made_by_person(event):
            critics[event.attempt] = event.by.partition(":")[2]
    return [*_attempt_opinions(story_id, t, keys, critics), *_pair_opinions(story_id, t, critics)]


def replanned(events: Iterable[Event]) -> bool:
    """Whether these facts hold a planner's plan: older ones are superseded then."""
    return any(_plans(event) for event in events)


def all_rows(story_id: str, first: int, events: Sequence[Event], t: Trajectory) -> dict[tuple[str, str], Row]:
    """What all rows of a story say of its own facts, which are number ``first`` and on."""
    keys = {event.attempt.key for event in events if isinstance(event, Drawn)}
    nothing = dict.fromkeys(("critic", "accepted", "p_success", "score", "person_accepted"))
    rows = {(row["kind"], row["key"]): {**row, **nothing, "superseded": False} for row in made(story_id, first, events, t)}
    for said in opinions(story_id, events, t, keys):
        if row := rows.get((said["kind"], said["key"])):
            row.update(said)
    plans = [row for (kind, _), row in rows.items() if kind == "plan"]
    newest = max((row["seq"] for row in plans), default=0)
    for row in plans:
        row["superseded"] = row["seq"] != newest
    return rows


def _made_by(story_id: str, event: Event, t: Trajectory) -> Iterator[tuple[Item, str]]:
    """The items that a fact made, with the words to find them by."""
    if isinstance(event, Drawn):
        yield AttemptItem(story=story_id, attempt=event.attempt.key), event.attempt.prompt
        for earlier, later in _pairs(t, event.attempt.key, before=True):
            words = dict.fromkeys((earlier.attempt.prompt, later.attempt.prompt))
            yield _pair(story_id, earlier.attempt.key, later.attempt.key), "\n".join(words)
    elif isinstance(event, Planned) and _plans(event):
        # A plan's revision is the story's after it, as of one that a person edits.
        yield PlanItem(story=story_id, revision=event.plan_revision + 1), t.request.text if t.request else ""


def _plans(event: Event) -> bool:
    return isinstance(event, Planned) and not made_by_person(event)


def _attempt_opinions(
    story_id: str, t: Trajectory, keys: Iterable[AttemptKey], critics: dict[AttemptKey, str | None]
) -> Iterator[Row]:
    for key in keys:
        if tried := t.find(key):
            _, kind, name = name_of(AttemptItem(story=story_id, attempt=key))
            critic, person = tried.critic, tried.person
            row = {
                "kind": kind,
                "key": name,
                "accepted": critic.accepted if critic else None,
                "p_success": critic.p_success if critic else None,
                "score": critic.score if critic else None,
                "person_accepted": person.accepted if person else None,
            }
            yield row | ({"critic": critics[key]} if key in critics else {})


def _pair_opinions(story_id: str, t: Trajectory, keys: Iterable[AttemptKey]) -> Iterator[Row]:
    for key in keys:
        for earlier, later in _pairs(t, key):
            pair = _pair(story_id, earlier.attempt.key, later.attempt.key)
            first, second = (earlier, later) if pair.first == earlier.attempt.key else (later, earlier)
            one, other = _worth(first), _worth(second)
            better = None if one is None or other is None else (1 + one - other) / 2
            yield {"kind": "pair", "key": name_of(pair).key, "p_success": better}


def _pairs(t: Trajectory, key: AttemptKey, before: bool = False) -> Iterator[tuple[Try, Try]]:
    """The attempt with each that is near it at its step, revision and source, the earlier first; or only with earlier ones."""
    this = t.find(key)
    if this is None:
        return
    beside = [tried for tried in t.tries if _place(tried) == _place(this)]
    place = beside.index(this)
    for tried in beside[max(0, place - PAIRED) : place]:
        if tried.attempt.key != key:
            yield tried, this
    for tried in () if before else beside[place + 1 : place + PAIRED + 1]:
        if tried.attempt.key != key:
            yield this, tried


def _place(tried: Try) -> tuple[StepId, int, ImageRef | None]:
    """What two attempts must share to be compared."""
    return tried.attempt.key.step, tried.attempt.key.revision, tried.attempt.source


def _pair(story_id: str, earlier: AttemptKey, later: AttemptKey) -> PairItem:
    """The later attempt is the first of every other pair, by no rule that a person sees: later ones tend to be better."""
    named = f"{story_id}/{earlier.step}/{earlier.revision}/{earlier.number}/{later.number}"
    turned = zlib.crc32(named.encode()) & 1
    first, second = (later, earlier) if turned else (earlier, later)
    return PairItem(story=story_id, first=first, second=second)


def _worth(tried: Try) -> float | None:
    """How good the models find an attempt, 0 to 1; None if none of them was asked."""
    critic = tried.critic
    if critic is None:
        return None
    if critic.score is not None:
        return critic.score / 10
    return float(critic.accepted) if critic.p_success is None else critic.p_success


# ---------------------------------------------------------------- what annotators say


def accepted_of(answer: AnyAnswer) -> bool | None:
    """Of an answer about an attempt, whether it accepts it."""
    return answer.accepted if isinstance(answer, Answer) else None


def side_of(answer: AnyAnswer) -> bool | None:
    """Yes or no, to compare answers by: accepted, a usable plan, the first of a pair. None takes neither side."""
    match answer:
        case Answer(accepted=accepted):
            return accepted
        case PlanAnswer(rating=rating):
            return rating >= GOOD_PLAN
        case PairAnswer(better=better):
            return None if better == "neither" else better == "first"
        case _:
            assert_never(answer)


def tally(answers: Sequence[tuple[AnyAnswer, bool]], flagged: int, gold: bool) -> Row:
    """The columns that follow from an item's standing answers (with whether they adjudicate), ``flagged`` skips, and gold."""
    sides = [side_of(answer) for answer, _ in answers]
    adjudicated = any(decides for _, decides in answers)
    faults = {fault for answer, _ in answers if isinstance(answer, Answer) for fault in answer.faults}
    return {
        "answers": len(answers),
        "yes": sides.count(True),
        "no": sides.count(False),
        "flags": flagged + sum(answer.flagged for answer, _ in answers),
        "faults": bits(faults),
        "split": len(set(sides)) > 1 and not adjudicated,
        "settled": adjudicated or gold,
    }


def bits(faults: Iterable[Fault]) -> int:
    """The faults as one number."""
    return sum(1 << FAULTS.index(fault) for fault in set(faults))
