"""Decides what a reviewer gets next: the question, and the walk along an index that finds the first fitting item.

An index holds the items of a kind that need answers, by how many they have; so what is done costs nothing, and where a number
is wanted, one walk for each number below it does. Nothing is ever sorted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pydantic import AwareDatetime, Field
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlmodel import col

from core.policy import derive_seed
from core.reviewing import Fault
from core.store.review_tables import DICE, Gold, Lease, Review, Reviewable, Skip
from core.store.reviewable import bits
from core.store.sql import holds, row_by_row
from core.store.tables import Story
from core.types import Value

#: ``disagreement``: where the critic, the judge, the creator and annotators are furthest apart. ``uncertain``: P(success)
#: nearest to 0.5; of pairs, the closest ones. ``random``: stable for a reviewer and seed. ``story``: one story after another.
Order = Literal["disagreement", "uncertain", "newest", "random", "story"]
WORDS = 20  # to search for; each is one more condition


class Query(Value):
    """Which items a reviewer wants, and in which order. What is None, empty or False leaves all of them in.

    ``required`` answers by different reviewers are wanted of each. ``model`` made an item, or was its critic. ``verdict`` is the
    critic's. One of ``faults`` was found by somebody. All of ``words`` are in the prompt (a plan's request), in any case.
    ``since`` is the first moment, ``until`` the one after the last. ``gold_share`` of what a reviewer gets are gold items.
    ``blind`` changes nothing here; it is handed on to who shows the item. Items of deleted stories do not come, nor what a
    branch shares with a trunk that is deleted.
    """

    kind: Literal["attempt", "plan", "pair"] = "attempt"
    order: Order = "uncertain"
    seed: int = 0
    required: int = Field(default=1, ge=1, le=10)
    blind: bool = False
    gold_share: float = Field(default=0.0, ge=0.0, le=1.0)
    model: str | None = None
    verdict: Literal["accepted", "refused", "unjudged"] | None = None
    faults: tuple[Fault, ...] = ()
    profile: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    words: str = ""
    flagged: bool = False
    unreviewed: bool = False


class Asking(NamedTuple):
    """Who asks, when, and which items they have in hand already."""

    reviewer: str
    now: datetime
    beside: Collection[int] = ()


#: The columns of each order, from the least; those in ``FALLING`` are walked from the greatest.
ORDERS: dict[Order, tuple[str, ...]] = {
    "disagreement": ("disagreement", "id"),
    "uncertain": ("uncertainty", "id"),
    "newest": ("at", "id"),
    "random": ("dice", "id"),
    "story": ("story_id", "seq", "id"),
}
FALLING = ("disagreement", "newest")


def next_item(db: Connection, query: Query, asking: Asking) -> int | None:
    """The first item that the reviewer may have, or None."""
    if _gold_is_due(db, query, asking) and (gold := db.scalar(_gold(query, asking))) is not None:
        return int(gold)
    for part in _parts(query, asking.reviewer):
        found = [row for answers in _levels(query) if (row := db.execute(_walk(query, asking, answers, part)).first())]
        if found:
            best: Row[Any] = (max if query.order in FALLING else min)(found, key=tuple)
            return int(best.id)
    return None


def disagreements(query: Query, limit: int) -> Select[Any]:
    """The ids of items whose standing answers differ, and that nobody has decided."""
    split = (col(Reviewable.kind) == query.kind, col(Reviewable.split) == true())
    return select(col(Reviewable.id)).where(*split, _fitting(query)).order_by(col(Reviewable.id)).limit(limit)


def done_and_all(query: Query) -> Select[Any]:
    """How many of the matching items have all answers that they need, and how many match, whoever answered them."""
    done = or_(col(Reviewable.answers) >= query.required, col(Reviewable.settled) == true())
    counts = select(func.coalesce(func.sum(case((done, 1), else_=0)), 0), func.count()).select_from(Reviewable)
    return counts.where(col(Reviewable.kind) == query.kind, _fitting(query))


# ---------------------------------------------------------------- conditions


def untouched(asking: Asking) -> tuple[ColumnElement[bool], ...]:
    """Neither answered nor set aside by who asks, nor in their hand."""
    answered = exists().where(
        col(Review.item_id) == col(Reviewable.id), col(Review.reviewer) == asking.reviewer, col(Review.retracted_at).is_(None)
    )
    skipped = exists().where(
        col(Skip.item_id) == col(Reviewable.id), col(Skip.reviewer) == asking.reviewer, col(Skip.undone_at).is_(None)
    )
    in_hand = (col(Reviewable.id).not_in(asking.beside),) if asking.beside else ()
    return (not_(answered), not_(skipped), *in_hand)


def _levels(query: Query) -> range:
    return range(1 if query.unreviewed else query.required)


def _parts(query: Query, reviewer: str) -> tuple[tuple[ColumnElement[bool], ...], ...]:
    """The stretches of the index to walk, one after another: at random, a reviewer begins somewhere and goes round once."""
    if query.order != "random":
        return ((),)
    start = derive_seed(query.seed, "review", reviewer) % DICE
    return (col(Reviewable.dice) >= start,), (col(Reviewable.dice) < start,)


def _walk(query: Query, asking: Asking, answers: int, part: tuple[ColumnElement[bool], ...]) -> Select[Any]:
    """The first fitting item among those that have so many answers."""
    columns = [col(getattr(Reviewable, name)) for name in ORDERS[query.order]]
    level = (col(Reviewable.kind) == query.kind, col(Reviewable.settled) == false(), col(Reviewable.answers) == answers)
    begin = _when(query) if query.order == "newest" else ()  # there they say where the walk begins and ends
    held = (
        select(func.count())
        .where(col(Lease.item_id) == col(Reviewable.id), col(Lease.reviewer) != asking.reviewer, col(Lease.until) > asking.now)
        .scalar_subquery()
    )
    free = (*untouched(asking), held < query.required - answers)
    order = [column.desc() if query.order in FALLING else column for column in columns]
    return select(*columns).where(*level, *begin, *part, _fitting(query), *free).order_by(*order).limit(1)


def _fitting(query: Query) -> ColumnElement[bool]:
    """All filters."""
    story = [col(Story.id) == col(Reviewable.story_id), col(Story.deleted).is_(False)]
    if query.profile is not None:
        story.append(col(Story.profile) == query.profile)
    filters = list[ColumnElement[bool]]()
    if query.kind == "plan":  # nothing else is ever superseded, and without it an index suffices to count
        filters.append(col(Reviewable.superseded).is_(False))
    if query.model is not None:
        filters.append(or_(col(Reviewable.painter) == query.model, col(Reviewable.critic) == query.model))
    if query.verdict is not None:
        filters.append(col(Reviewable.accepted).is_({"accepted": True, "refused": False, "unjudged": None}[query.verdict]))
    if query.faults:
        filters.append(col(Reviewable.faults).bitwise_and(bits(query.faults)) != 0)
    if query.flagged:
        filters.append(col(Reviewable.flags) > 0)
    filters += [holds(col(Reviewable.words), word) for word in query.words.casefold().split()[:WORDS]]
    return row_by_row(and_(*filters, *_when(query), exists().where(and_(*story)).correlate(Reviewable)))


def _when(query: Query) -> Iterator[ColumnElement[bool]]:
    if query.since:
        yield col(Reviewable.at) >= query.since
    if query.until:
        yield col(Reviewable.at) < query.until


# ---------------------------------------------------------------- gold


def _gold_is_due(db: Connection, query: Query, asking: Asking) -> bool:
    """By a throw that nobody can foresee, and that comes out the same if it is asked again."""
    if not query.gold_share:
        return False
    throw = derive_seed(query.seed, "gold", asking.reviewer, next_turn(db, asking.reviewer) + len(asking.beside))
    return throw < query.gold_share * 2**31


def _gold(query: Query, asking: Asking) -> Select[Any]:
    known = col(Reviewable.id).in_(select(col(Gold.item_id)))
    shown = exists().where(col(Story.id) == col(Reviewable.story_id), col(Story.deleted).is_(False)).correlate(Reviewable)
    fitting = row_by_row(and_(col(Reviewable.kind) == query.kind, shown))  # so that it begins with the few that are gold
    found = select(col(Reviewable.id)).where(known, fitting, *untouched(asking))
    return found.order_by(col(Reviewable.dice)).limit(1)


def next_turn(db: Connection, reviewer: str) -> int:
    """How many decisions of this reviewer stand, and one: answers and skips are counted together."""
    answered = select(func.max(col(Review.turn))).where(col(Review.reviewer) == reviewer, col(Review.retracted_at).is_(None))
    skipped = select(func.max(col(Skip.turn))).where(col(Skip.reviewer) == reviewer, col(Skip.undone_at).is_(None))
    return max(db.scalar(answered) or 0, db.scalar(skipped) or 0) + 1
