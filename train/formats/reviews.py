"""Takes annotators' reviews out of a data folder: one a row, with what was judged and what the models said. One at a time.

``reviews.jsonl``, ``reviews.csv`` or ``reviews.parquet``, all with the columns of :data:`COLUMNS`; pictures are paths to files
beside it, and in parquet the pictures themselves. For Argilla see :mod:`train.formats.argilla`. A CSV cell that a spreadsheet
would take for a formula gets an apostrophe before it.

Can't carry: reviews of deleted stories, answers that were taken back or replaced, gold, and who has an item in hand.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol, assert_never

from core.errors import StudioError
from core.events import Event, Planned
from core.reviewing import Answer, AttemptItem, PairAnswer, PairItem, PlanAnswer, PlanItem, Review
from core.store import Store
from core.types import AttemptKey, ImageRef, PlannedStep
from train.formats.exchange import CannotExchange, Exchanged
from train.formats.files import BadRow, Complain, Lines, Pictures
from train.origins import Names, hidden
from train.told import Case, Told, told, words_of

As = Literal["jsonl", "csv", "parquet", "argilla"]
Record = dict[str, Any]
REVIEWS = "reviews"  # what they are counted as, and their file
STORIES_KEPT = 200  # in memory: reviews go from story to story
GROUP_ROWS = 50  # parquet rows that are written together

#: The columns in order, and what is in each. ``other_…`` is a pair's second attempt; ``plan`` is the planner's, ``steps`` the
#: annotator's; ``accepted`` to ``comment`` is the answer, by its kind.
COLUMNS: dict[str, type | Literal["picture", "steps"]] = {
    **{"id": int, "kind": str, "story": str, "profile": str, "request": str},
    **{"step": str, "revision": int, "number": int, "prompt": str, "current_prompt": str},
    **{"before": "picture", "after": "picture", "painter": str, "critic": str},
    **{"critic_accepted": bool, "critic_refined_prompt": str, "critic_thought": str, "p_success": float},
    **{"other_number": int, "other_current_prompt": str, "other_after": "picture"},
    **{"other_critic_accepted": bool, "other_p_success": float, "planner": str, "plan": "steps"},
    **{"accepted": bool, "refined_prompt": str, "faults": list, "semantics": float, "quality": float},
    **{"rating": int, "steps": "steps", "better": str, "comment": str, "flagged": bool, "blind": bool, "seconds": float},
    **{"adjudicated": bool, "reviewer": str, "guideline": int, "at": str},
}


@dataclass(frozen=True)
class Story:
    """What a review's row says of its story."""

    told: Told
    plans: Mapping[int, Planned]  # by the revision that a plan's item names
    cases: Mapping[AttemptKey, Case]


class Writer(Protocol):
    """Takes rows whose pictures are references. ``StudioError`` if one is gone, and nothing of the row is written then."""

    def add(self, row: Record) -> None: ...
    def close(self) -> None: ...


def export_reviews(kind: As, store: Store, out: Path, complain: Complain, names: Names = "keep") -> Exchanged:
    """Writes all standing reviews. ``CannotExchange`` if there is none."""
    from train.formats.argilla import Datasets

    done, story_of = Exchanged(), lru_cache(STORIES_KEPT)(lambda story_id: story_in(story_id, store.events(story_id)))
    writers: dict[As, Callable[[], Writer]] = {
        "jsonl": lambda: _Jsonl(out, store),
        "csv": lambda: _Csv(out, store),
        "parquet": lambda: _Parquet(out, store),
        "argilla": lambda: Datasets(out, store),
    }
    writer: Writer | None = None
    for review in store.reviews.everything():
        try:
            row = row_of(review, story_of(review.item.story), names)
            writer = writer or writers[kind]()
            writer.add(row)
            done.add(REVIEWS)
        except StudioError as error:
            complain("review", review.id, str(error))
            done.left_out += 1
    if writer:
        writer.close()
    if not done.written:
        raise CannotExchange("There is no review to export.")
    return done


def story_in(story_id: str, events: list[Event]) -> Story:
    story = told(story_id, events)
    plans = {event.plan_revision + 1: event for event in events if isinstance(event, Planned)}
    return Story(story, plans, {case.attempt.key: case for case in story.cases})


def row_of(review: Review, story: Story, names: Names = "keep") -> Record:
    """All columns of a review; pictures are references. ``BadRow`` if its story has not what it is about."""
    row: Record = dict.fromkeys(COLUMNS)
    row |= {"id": review.id, "kind": review.item.kind, "guideline": review.guideline, "at": review.at.isoformat()}
    row |= {"story": story.told.id, "profile": story.told.trajectory.profile, "request": story.told.request.text}
    row |= {"reviewer": review.reviewer if names == "keep" else hidden(review.reviewer), "adjudicated": review.adjudicated}
    match review.item:
        case AttemptItem(attempt=key):
            row |= _attempt(_case(story, key))
        case PairItem(first=first, second=second):
            other = _attempt(_case(story, second))
            row |= _attempt(_case(story, first))
            row |= {f"other_{name}": other[name] for name in other if f"other_{name}" in COLUMNS}
        case PlanItem(revision=revision):
            planned = story.plans.get(revision)
            if planned is None:
                raise BadRow(f"the story {story.told.id} has no plan {revision}")
            row |= {"revision": revision, "planner": planned.by.partition(":")[2], "plan": tuple(map(words_of, planned.steps))}
        case _:
            assert_never(review.item)
    return row | _answer(review.answer)


def _case(story: Story, key: AttemptKey) -> Case:
    case = story.cases.get(key)
    if case is None:
        raise BadRow(f"the story {story.told.id} has no attempt {key.number} at {key.step}")
    return case


def _attempt(case: Case) -> Record:
    attempt, verdict = case.attempt, case.critic and case.critic.verdict
    row: Record = attempt.key.model_dump()
    row |= {"prompt": case.prompt, "current_prompt": attempt.prompt, "before": attempt.source, "after": attempt.image}
    row |= {"painter": case.painter, "critic": case.critic.by.partition(":")[2] if case.critic else None}
    if verdict:
        row |= {"critic_accepted": verdict.accepted, "critic_refined_prompt": verdict.refined_prompt}
        row |= {"critic_thought": verdict.thought, "p_success": verdict.p_success}
    return row


def _answer(answer: Answer | PlanAnswer | PairAnswer) -> Record:
    return {name: getattr(answer, name) for name in type(answer).model_fields if name != "kind"}


# ---------------------------------------------------------------- files


class _Jsonl:
    def __init__(self, out: Path, store: Store) -> None:
        self._lines, self._pictures, self._store = Lines(out / f"{REVIEWS}.jsonl"), Pictures(out), store

    def add(self, row: Record) -> None:
        self._lines.add({name: plain(value, self._pictures, self._store) for name, value in row.items()})

    def close(self) -> None:
        self._lines.close()


class _Csv:
    def __init__(self, out: Path, store: Store) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._pictures, self._store = Pictures(out), store
        self._file = open(out / f"{REVIEWS}.csv", "w", encoding="utf-8", newline="")  # noqa: SIM115
        self._csv = csv.writer(self._file, quoting=csv.QUOTE_ALL)
        self._csv.writerow(COLUMNS)

    def add(self, row: Record) -> None:
        self._csv.writerow(cell(plain(row[name], self._pictures, self._store)) for name in COLUMNS)

    def close(self) -> None:
        self._file.close()


class _Parquet:
    """Pictures are inside, so that ``datasets.load_dataset("parquet", …)`` opens them."""

    def __init__(self, out: Path, store: Store) -> None:
        from pyarrow.parquet import ParquetWriter

        out.mkdir(parents=True, exist_ok=True)
        self._store, self._schema = store, _schema()
        self._file, self._waiting = ParquetWriter(out / f"{REVIEWS}.parquet", self._schema), list[Record]()

    def add(self, row: Record) -> None:
        self._waiting.append({name: self._inside(value) for name, value in row.items()})
        if len(self._waiting) >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        import pyarrow

        self._file.write_table(pyarrow.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting = []

    def _inside(self, value: Any) -> Any:
        if isinstance(value, ImageRef):
            return {"bytes": self._store.images.read(value), "path": None}
        return plain(value)


def _schema() -> Any:
    from datasets import Features, Image, List, Value

    steps = List({name: Value("string") for name in PlannedStep.model_fields})
    kinds: dict[Any, Any] = {int: Value("int64"), float: Value("float64"), bool: Value("bool"), str: Value("string")}
    kinds |= {list: List(Value("string")), "picture": Image(), "steps": steps}
    return Features({name: kinds[kind] for name, kind in COLUMNS.items()}).arrow_schema


def plain(value: Any, pictures: Pictures | None = None, store: Store | None = None) -> Any:
    """A column's value as JSON has it; a picture becomes a file, and its path."""
    match value:
        case ImageRef() if pictures and store:
            return pictures.keep(store.images.read(value))
        case PlannedStep():
            return value.model_dump()
        case tuple() | list():
            return [plain(each) for each in value]
        case _:
            return value


#: What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), wide forms as East Asian ones read them included.
STARTS_FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")


def cell(value: Any) -> str:
    """A value as a cell of text: a formula becomes words."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            text = value
        case [*words] if all(isinstance(word, str) for word in words):
            text = ", ".join(words)
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(STARTS_FORMULA) or text.lstrip().startswith(STARTS_FORMULA) else text
