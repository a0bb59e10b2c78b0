"""What annotators say: who gets which item next, what they answered, what they took back, and what it comes to.

Nothing here writes a fact or a story's row. Nobody sees what others said of an item before they have answered it, but an
adjudicator, who asks otherwise. Moments are passed in: this module has no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, false, func, insert, select
from sqlmodel import col

from core.agreement import Opinion
from core.errors import CommandError
from core.reviewing import AnyAnswer, AttemptItem, Item, Review
from core.store import decisions, opinions, queue, rows, tallies
from core.store.database import Database
from core.store.decisions import Deciding
from core.store.opinions import Mark
from core.store.queue import Asking, Query
from core.store.review_rows import find, gather_story, id_of, item_at, review_at, reviews_in, seq_of, standing
from core.store.review_tables import Gold, Reviewable
from core.store.review_tables import Guideline as GuidelineRow
from core.store.review_tables import Review as ReviewRow
from core.store.reviewable import ANSWER
from core.store.tables import Story
from core.store.tallies import Calibration, Progress
from core.types import AttemptKey, Value

BATCH = 500  # reviews read, or stories gathered, in one transaction


class Taken(Value):
    """An item that a reviewer has in hand ``until`` then. ``seq`` is the number of the fact that made it in its story.

    ``blind``: they want not to see the critic's answer before they have given theirs.
    """

    item: Item
    until: datetime
    seq: int
    blind: bool


class Guideline(Value):
    """One version of what annotators are told, in Markdown; versions count from 1."""

    version: int
    text: str
    by: str
    at: datetime


class Reviews:
    """The reviews of one data folder, for any number of threads.

    Whatever takes an item raises ``NotFound`` if there is none such, and whatever writes ``ReadOnly`` if nothing can be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        if not database.read_only:
            self._gather()

    # ------------------------------------------------------------ in hand

    def take(self, reviewer: str, query: Query, now: datetime, beside: Collection[Item] = ()) -> Taken | None:
        """Gives the reviewer the next item for ten minutes; None if there is none for them.

        What they hold goes back, except what is ``beside``, which they have in hand and mean to keep.
        """
        with self._database.writing() as db:
            decisions.expire(db, now)
            kept = {found for item in beside if (found := id_of(db, item)) is not None}
            item_id = queue.next_item(db, query, Asking(reviewer, now, kept))
            decisions.put_back(db, reviewer, kept if item_id is None else kept | {item_id})
            if item_id is None:
                return None
            until = decisions.lease(db, Deciding(reviewer, item_id, now))
            return Taken(item=item_at(db, item_id), until=until, seq=seq_of(db, item_id), blind=query.blind)

    def renew(self, reviewer: str, item: Item, now: datetime, required: int = 1) -> datetime:
        """Keeps the item for ten minutes from now, or takes it up again; returns until when.

        ``CommandError`` if the time was up and others have it in hand or have answered it.
        """
        with self._database.writing() as db:
            by = Deciding(reviewer, find(db, item), now)
            if not decisions.has_room(db, by, required):
                raise CommandError("Your time for this one was up, and somebody else has it now; go on with the next.")
            return decisions.lease(db, by)

    def release(self, reviewer: str, item: Item) -> None:
        """Lets others have the item."""
        with self._database.writing() as db:
            decisions.release(db, reviewer, find(db, item))

    # ------------------------------------------------------------ decisions

    def answer(
        self, reviewer: str, item: Item, answer: AnyAnswer, now: datetime, *, guideline: int = 0, required: int = 1
    ) -> Review:
        """Adds the answer, which replaces the reviewer's own, if there is one.

        ``CommandError`` if they do not have the item in hand any more and it needs no more answers, or if the answer is not
        one to such an item.
        """
        with self._database.writing() as db:
            by = _deciding(db, reviewer, item, answer, now)
            decisions.check_needed(db, by, required)
            return review_at(db, decisions.put_answer(db, by, answer, guideline))

    def skip(self, reviewer: str, item: Item, now: datetime) -> None:
        """Sets the item aside for this reviewer."""
        with self._database.writing() as db:
            decisions.put_skip(db, Deciding(reviewer, find(db, item), now), flagged=False)

    def flag(self, reviewer: str, item: Item, now: datetime) -> None:
        """Sets the item aside for this reviewer, and marks it for somebody else to look at."""
        with self._database.writing() as db:
            decisions.put_skip(db, Deciding(reviewer, find(db, item), now), flagged=True)

    def undo(self, reviewer: str, since: datetime, now: datetime, required: int = 1) -> Item | None:
        """Takes back the reviewer's last decision since then, and gives them its item again if it has room for them.

        Returns what item that is; None if no decision is left. An answer that the one taken back had replaced stands again.
        """
        with self._database.writing() as db:
            item_id = decisions.take_back(db, reviewer, since, now)
            if item_id is None:
                return None
            by = Deciding(reviewer, item_id, now)
            if decisions.has_room(db, by, required):
                decisions.lease(db, by)
            return item_at(db, item_id)

    # ------------------------------------------------------------ what others said

    def answers_of(self, item: Item, viewer: str) -> tuple[Review, ...]:
        """The standing answers to an item, if the viewer's is among them; otherwise none."""
        said = self.answers_to_adjudicate(item)
        return said if any(review.reviewer == viewer for review in said) else ()

    def answers_to_adjudicate(self, item: Item) -> tuple[Review, ...]:
        """The standing answers to an item, for who is to decide between them."""
        with self._database.reading() as db:
            return tuple(reviews_in(db, standing().where(col(ReviewRow.item_id) == find(db, item))))

    def disagreements(self, query: Query, limit: int = BATCH) -> tuple[Item, ...]:
        """Matching items whose answers differ and that nobody has decided, in the order in which they were made."""
        with self._database.reading() as db:
            return tuple(item_at(db, found) for found in db.scalars(queue.disagreements(query, limit)).all())

    def adjudicate(self, by: str, item: Item, answer: AnyAnswer, now: datetime, *, guideline: int = 0) -> Review:
        """Settles an item: nobody is asked about it any more. An answer of ``by`` like any other, which can be undone.

        ``CommandError`` if nobody has answered it yet, or if the answer is not one to such an item.
        """
        with self._database.writing() as db:
            deciding = _deciding(db, by, item, answer, now)
            if not db.scalar(select(col(Reviewable.answers)).where(col(Reviewable.id) == deciding.item_id)):
                raise CommandError("Nobody has answered this one yet: there is nothing to decide.")
            return review_at(db, decisions.put_answer(db, deciding, answer, guideline, adjudicated=True))

    # ------------------------------------------------------------ gold

    def set_gold(self, item: Item, answer: AnyAnswer, by: str, now: datetime) -> None:
        """Says what the right answer is: the item leaves the queues, and comes only to be answered for calibration."""
        with self._database.writing() as db:
            decisions.put_gold(db, _deciding(db, by, item, answer, now), answer)

    def gold_of(self, item: Item, viewer: str) -> AnyAnswer | None:
        """The right answer, if there is one and the viewer has answered."""
        if not self.answers_of(item, viewer):
            return None
        with self._database.reading() as db:
            said = select(col(Gold.answer)).where(col(Gold.item_id) == find(db, item)).order_by(col(Gold.id).desc()).limit(1)
            found = db.scalar(said)
            return None if found is None else ANSWER.validate_json(found)

    def calibration(self, reviewer: str) -> Calibration:
        """How this reviewer's standing answers to gold attempts compare with gold."""
        with self._database.reading() as db:
            return tallies.calibration_of(db, reviewer)

    # ------------------------------------------------------------ progress

    def progress(self, reviewer: str, query: Query, now: datetime) -> Progress:
        """How far a reviewer is, and all of them on what matches; ``query.unreviewed`` leaves nothing out here."""
        with self._database.reading() as db:
            return tallies.progress_of(db, reviewer, query, now)

    def models(self) -> tuple[str, ...]:
        """The models that made or judged what can be reviewed, by name."""
        names = set[str]()
        with self._database.reading() as db:
            for column in (col(Reviewable.painter), col(Reviewable.critic)):
                names |= set(filter(None, db.scalars(select(column).distinct())))
        return tuple(sorted(names))

    # ------------------------------------------------------------ guidelines

    def publish(self, text: str, by: str, now: datetime) -> int:
        """Makes this Markdown the guideline from now on; returns its version."""
        with self._database.writing() as db:
            added = db.execute(insert(GuidelineRow).values(text=text, by=by, at=now))
            assert added.inserted_primary_key
            return int(added.inserted_primary_key[0])

    def guideline(self, version: int | None = None) -> Guideline | None:
        """The newest guideline, or that of a version; None if there is none."""
        columns = [col(getattr(GuidelineRow, name)) for name in Guideline.model_fields]
        asked = select(*columns).order_by(col(GuidelineRow.version).desc()).limit(1)
        if version is not None:
            asked = asked.where(col(GuidelineRow.version) == version)
        with self._database.reading() as db:
            row = db.execute(asked).mappings().first()
        return Guideline(**row) if row else None

    # ------------------------------------------------------------ for training

    def of_story(self, story_id: str) -> dict[AttemptKey, tuple[Review, ...]]:
        """The standing reviews of each attempt of a story, in order of id; of those that its trunk keeps for it, too."""
        reviews = dict[AttemptKey, tuple[Review, ...]]()
        for review in self._of(story_id, "attempt"):
            assert review.item.kind == "attempt"
            reviews[review.item.attempt] = (*reviews.get(review.item.attempt, ()), review)
        return reviews

    def plans_of_story(self, story_id: str) -> tuple[Review, ...]:
        """The standing reviews of a story's plans, older plans and those that its trunk keeps for it too, in order of id."""
        return tuple(self._of(story_id, "plan"))

    def everything(self, after_id: int = 0) -> Iterator[Review]:
        """The standing reviews, of stories that are not deleted, from number ``after_id + 1`` on, in order of id."""
        while True:
            shown = exists().where(col(Story.id) == col(Reviewable.story_id), col(Story.deleted).is_(False))
            later = standing().where(col(ReviewRow.id) > after_id, shown.correlate(Reviewable))
            with self._database.reading() as db:
                batch = reviews_in(db, later.order_by(col(ReviewRow.id)).limit(BATCH))
            yield from batch
            if len(batch) < BATCH:
                return
            after_id = batch[-1].id

    # ------------------------------------------------------------ for figures

    def mark(self) -> Mark:
        """What tells whether figures that were computed from the reviews are still those."""
        with self._database.reading() as db:
            return opinions.mark_of(db)

    def opinions(self) -> dict[AttemptItem, Opinion]:
        """What the models said of each attempt that was reviewed and that the critic judged."""
        with self._database.reading() as db:
            return opinions.opinions_in(db)

    def count_of(self, story_ids: Sequence[str]) -> int:
        """How many standing reviews are of these stories' own attempts, plans and pairs."""
        standing = select(func.count()).select_from(ReviewRow).join(Reviewable, col(Reviewable.id) == col(ReviewRow.item_id))
        mine = standing.where(col(ReviewRow.retracted_at).is_(None), col(Reviewable.story_id).in_(story_ids))
        with self._database.reading() as db:
            return db.scalar(mine) or 0

    # ------------------------------------------------------------ inside

    def _of(self, story_id: str, kind: str) -> list[Review]:
        with self._database.reading() as db:
            found = list[Review]()
            for keeper, below in rows.stem_of(db, story_id):
                mine = standing().where(col(Reviewable.story_id) == keeper, col(Reviewable.kind) == kind)
                found += reviews_in(db, mine if below is None else mine.where(col(Reviewable.seq) < below))
        return sorted(found, key=lambda review: review.id)

    def _gather(self) -> None:
        """Makes the rows of what can be reviewed of stories that an older version kept."""
        some = select(col(Story.id)).where(col(Story.gathered) == false()).limit(BATCH)
        while True:
            with self._database.writing() as db:
                story_ids = db.scalars(some).all()
                for story_id in story_ids:
                    gather_story(db, story_id)
            if not story_ids:
                return


def _deciding(db: Connection, reviewer: str, item: Item, answer: AnyAnswer, now: datetime) -> Deciding:
    if item.kind != answer.kind:
        raise CommandError("This is an answer about another kind of thing than what was asked about.")
    if rows.is_deleted(db, item.story):
        raise CommandError("The story was deleted meanwhile; go on with the next.")
    return Deciding(reviewer, find(db, item), now)
