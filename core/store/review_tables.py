"""The rows of reviewing: what can be reviewed, what was said of it, and who has it in hand. Only the store reads or writes them.

``review``, ``skip``, ``gold`` and ``guideline`` are only ever added to; what was taken back is marked and stays. ``lease`` is
as good as its clock. ``reviewable`` is a projection of the facts and of all these: what queues walk, an index for each order,
so that a decision costs the same among a hundred attempts and among twenty thousand.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import Column, Float, Index, Integer, false, text
from sqlmodel import Field, SQLModel

from core.store.sql import Derived, partial
from core.store.tables import Utc

DICE = 2_147_483_647  # sides; a prime, so that the products below reach all of them

#: How far the nearest opinion is from not knowing; 1 where the critic gave no probability.
UNCERTAINTY = "coalesce(abs(p_success - 0.5), 1.0)"
#: The highest less the lowest opinion (the critic's, the judge's, the creator's, and annotators'), each from 0 to 1.
DISAGREEMENT = (
    "max(0.0, "
    "max(coalesce(p_success, accepted, 0.0), coalesce(score / 10.0, 0.0), coalesce(person_accepted, 0.0), yes > 0) - "
    "min(coalesce(p_success, accepted, 1.0), coalesce(score / 10.0, 1.0), coalesce(person_accepted, 1.0), no = 0))"
)
#: An order that nobody would call one, and that no later row changes.
SHUFFLED = f"((id * 2654435761) % {DICE}) * (id + 12345) % {DICE}"


def _in_words_of_postgresql(expression: str) -> str:
    """Its ``max`` and ``min`` of a row have other names, and its truth values are no numbers unless one says so."""
    named = expression.replace("max(", "greatest(").replace("min(", "least(")
    return re.sub(r"\b(accepted|person_accepted)\b|(yes > 0|no = 0)", lambda found: f"CAST({found[0]} AS INTEGER)", named)


def _walked(order: str, *columns: str) -> Index:
    return Index(f"reviewable_{order}", "kind", "settled", "answers", *columns)


class Reviewable(SQLModel, table=True):
    """One attempt, plan or pair of attempts, in the story whose own facts made it: branches that share it have no row of it.

    ``key`` names it within the story (:func:`core.store.reviewable.key_of`). Of a plan there are no opinions of models; of a
    pair, ``p_success`` is how sure the critic is that the first is the better one. ``settled``: nobody needs to answer any
    more, because an adjudicator did or because it is gold.
    """

    __table_args__ = (
        Index("reviewable_key", "story_id", "kind", "key", unique=True),
        _walked("disagreement", "disagreement"),
        _walked("uncertain", "uncertainty"),
        _walked("newest", "at"),
        _walked("random", "dice"),
        _walked("story", "story_id", "seq"),
        partial("reviewable_split", "kind", where="split = 1", there="split"),
        Index("reviewable_painters", "painter"),
        Index("reviewable_critics", "critic"),
    )

    id: int | None = Field(default=None, primary_key=True)
    story_id: str = Field(foreign_key="story.id")
    kind: str
    key: str
    # These follow from the facts.
    seq: int  # of the fact that made it
    at: datetime = Field(sa_type=Utc)
    painter: str  # the model that made it
    critic: str | None  # the model that judged it last
    words: str  # the prompt, case-folded, to search in
    accepted: bool | None  # by the critic
    p_success: float | None
    score: float | None
    person_accepted: bool | None
    superseded: bool  # a plan that the planner has made anew
    # These follow from the standing reviews, skips and gold answers.
    answers: int = Field(sa_column_kwargs={"server_default": text("0")})
    yes: int = Field(sa_column_kwargs={"server_default": text("0")})  # accept it; of a pair: prefer the first
    no: int = Field(sa_column_kwargs={"server_default": text("0")})
    flags: int = Field(sa_column_kwargs={"server_default": text("0")})
    faults: int = Field(sa_column_kwargs={"server_default": text("0")})  # bit n: fault n of core.reviewing.FAULTS
    split: bool = Field(sa_column_kwargs={"server_default": false()})  # they differ, and nobody has decided
    settled: bool = Field(sa_column_kwargs={"server_default": false()})
    # These follow from the columns above.
    uncertainty: float = Field(sa_column=Column(Float, Derived(UNCERTAINTY, UNCERTAINTY)))
    disagreement: float = Field(sa_column=Column(Float, Derived(DISAGREEMENT, _in_words_of_postgresql(DISAGREEMENT))))
    dice: int = Field(sa_column=Column(Integer, Derived(SHUFFLED, SHUFFLED)))


class Review(SQLModel, table=True):
    """One answer. It stands until ``retracted_at``; of one reviewer and item one answer stands.

    ``turn`` counts a reviewer's decisions, answers and skips together: what undoing goes back along. ``replaces`` is their
    answer that stood before, and stands again when this one is undone.
    """

    __table_args__ = (
        partial("review_standing", "item_id", "reviewer", unique=True, where="retracted_at IS NULL"),
        partial("review_turn", "reviewer", "turn", where="retracted_at IS NULL"),
        partial("review_at", "reviewer", "at", where="retracted_at IS NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="reviewable.id")
    reviewer: str
    turn: int
    accepted: bool | None  # of an attempt
    answer: str  # as JSON
    guideline: int
    at: datetime = Field(sa_type=Utc)
    adjudicated: bool
    replaces: int | None
    retracted_at: datetime | None = Field(sa_type=Utc)


class Skip(SQLModel, table=True):
    """A reviewer set an item aside, perhaps for somebody else to look at (``flagged``)."""

    __table_args__ = (
        partial("skip_standing", "item_id", "reviewer", where="undone_at IS NULL"),
        partial("skip_turn", "reviewer", "turn", where="undone_at IS NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="reviewable.id")
    reviewer: str
    turn: int
    flagged: bool
    at: datetime = Field(sa_type=Utc)
    undone_at: datetime | None = Field(sa_type=Utc)


class Lease(SQLModel, table=True):
    """Who has an item in hand, and until when nobody else gets it."""

    __table_args__ = (Index("lease_until", "until"), Index("lease_of_reviewer", "reviewer"))

    item_id: int = Field(primary_key=True, foreign_key="reviewable.id")
    reviewer: str = Field(primary_key=True)
    until: datetime = Field(sa_type=Utc)


class Gold(SQLModel, table=True):
    """An answer that is known to be right; the newest of an item counts."""

    __table_args__ = (Index("gold_of_item", "item_id"),)

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="reviewable.id")
    accepted: bool | None
    answer: str  # as JSON
    by: str
    at: datetime = Field(sa_type=Utc)


class Guideline(SQLModel, table=True):
    """What annotators are told, in Markdown."""

    version: int | None = Field(default=None, primary_key=True)
    text: str
    by: str
    at: datetime = Field(sa_type=Utc)
