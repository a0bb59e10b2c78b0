"""Reads what models said of the attempts that annotators reviewed, and whether any of that has changed. Writes nothing."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select
from sqlmodel import col

from core.agreement import Opinion, StepKind
from core.reviewing import AttemptItem
from core.store.review_tables import Gold, Reviewable
from core.store.review_tables import Review as ReviewRow
from core.store.reviewable import item_of
from core.store.tables import Attempt, Story
from core.types import Verdict


class Mark(NamedTuple):
    """Changes when a review comes, goes or stands again, a story with reviews is deleted or restored, or gold is set."""

    newest: int
    standing: int
    ids: int
    gold: int


def mark_of(db: Connection) -> Mark:
    standing = select(func.max(col(ReviewRow.id)), func.count(), func.sum(col(ReviewRow.id))).where(
        col(ReviewRow.retracted_at).is_(None),
        col(Reviewable.id) == col(ReviewRow.item_id),
        col(Story.id) == col(Reviewable.story_id),
        col(Story.deleted).is_(False),
    )
    newest, count, ids = db.execute(standing).one()
    return Mark(newest or 0, count, ids or 0, db.scalar(select(func.max(col(Gold.id)))) or 0)


def opinions_in(db: Connection) -> dict[AttemptItem, Opinion]:
    """Of each reviewed attempt that the critic judged."""
    judged = (col(Reviewable.kind) == "attempt", col(Reviewable.answers) > 0, col(Reviewable.accepted).is_not(None))
    names = ("story_id", "key", "accepted", "p_success", "score", "critic", "painter")
    on_pictures = _on_pictures(db)
    found = dict[AttemptItem, Opinion]()
    for row in db.execute(select(*(col(getattr(Reviewable, name)) for name in names)).where(*judged)):
        item = item_of(row.story_id, "attempt", row.key)
        assert isinstance(item, AttemptItem)
        verdict = Verdict(accepted=row.accepted, p_success=row.p_success, score=row.score)
        step: StepKind = "edit" if (row.story_id, row.key) in on_pictures else "first picture"
        found[item] = Opinion(verdict, row.critic or "", row.painter, step)
    return found


def _on_pictures(db: Connection) -> set[tuple[str, str]]:
    """The attempts that were drawn on a picture, of stories that anybody reviewed an attempt of."""
    reviewed = select(col(Reviewable.story_id)).where(col(Reviewable.kind) == "attempt", col(Reviewable.answers) > 0)
    columns = (col(Attempt.story_id), col(Attempt.step), col(Attempt.revision), col(Attempt.number))
    found = db.execute(select(*columns).where(col(Attempt.source).is_not(None), col(Attempt.story_id).in_(reviewed)))
    return {(row.story_id, f"{row.step}/{row.revision}/{row.number}") for row in found}
