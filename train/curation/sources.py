"""Reads data folders for curation: story by story, the same ones in the same order each time, whoever writes meanwhile."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from core.dialect import Pack, load_pack
from core.errors import NotFound, ProfileError, StudioError
from core.images import ImageStore
from core.ports import Score
from core.profiles import ASSETS, load_profile
from core.reviewing import Review
from core.store import Store
from train.reviewed import NOT_REVIEWED, Reviewed
from train.scores import Scores
from train.told import Case, Told, told

USUAL_PACK = "full"  # of stories whose profile is not known here


class SeveralJudges(StudioError):
    """A data folder has scores of more than one judge, and none was chosen."""


@dataclass(frozen=True)
class Source:
    """One data folder, with the scores beside it."""

    folder: Path
    store: Store
    scores: Scores

    def score(self, case: Case) -> Score | None:
        line = self.scores.find(case.digest)
        return line.score if line else None


class Sources:
    """Some data folders, open to look only. The first walk remembers how long each story was, and later ones see no more.

    It also keeps what annotators say, which they may take back meanwhile: no more than people can write.
    """

    def __init__(self, folders: list[Path], judge: str = "") -> None:
        self._open = ExitStack()
        self.all: list[Source] = []
        self.deleted = 0
        try:
            for folder in folders:
                scores = Scores(folder, judge or None)
                if not judge and len(scores.judges) > 1:  # their marks do not compare: a change of judge would be a trend
                    raise SeveralJudges(
                        f"{folder.name} has scores of {' and '.join(sorted(scores.judges))}: choose one by --judge."
                    )
                store = self._open.enter_context(Store(folder, write=False))
                self.all.append(Source(folder, store, scores))
        except BaseException:
            self._open.close()
            raise
        self._ids = [source.store.ids() for source in self.all]
        self._lengths: array[int] | None = None
        self._reviewed: dict[int, Reviewed] = {}  # by the story's place in a walk

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def __len__(self) -> int:
        return sum(map(len, self._ids))

    @property
    def images(self) -> list[ImageStore]:
        return [source.store.images for source in self.all]

    def walk(self) -> Iterator[tuple[Source, Told | None]]:
        """Every story once; None for one that a person deleted."""
        lengths, known = array("L"), self._lengths
        for source, ids in zip(self.all, self._ids, strict=True):
            pairs = _pairs(source) if known is None else {}
            for story_id in ids:
                place = len(lengths)
                if known is None and (reviewed := _reviews(source, story_id, pairs)):
                    self._reviewed[place] = reviewed
                length = known[place] if known is not None else None
                story, length = self._read(source, story_id, length, self._reviewed.get(place, NOT_REVIEWED))
                lengths.append(length)
                yield source, story
        self.deleted = sum(length == 0 for length in lengths)
        self._lengths = lengths

    def _read(self, source: Source, story_id: str, length: int | None, reviewed: Reviewed) -> tuple[Told | None, int]:
        if length == 0:
            return None, 0
        try:
            events = source.store.events(story_id)[:length]
        except NotFound:
            if length is not None:
                raise
            return None, 0
        return told(story_id, events, reviewed), len(events)


def _reviews(source: Source, story_id: str, pairs: Mapping[str, tuple[Review, ...]]) -> Reviewed:
    reviews = source.store.reviews
    return Reviewed(reviews.of_story(story_id), reviews.plans_of_story(story_id), pairs.get(story_id, ()))


def _pairs(source: Source) -> dict[str, tuple[Review, ...]]:
    """The reviews of pairs by their story."""
    found: dict[str, tuple[Review, ...]] = {}
    for review in source.store.reviews.everything():
        if review.item.kind == "pair":
            found[review.item.story] = (*found.get(review.item.story, ()), review)
    return found


@lru_cache
def is_known(profile: str) -> bool:
    """Whether the profile is here, so that its prompt pack is known."""
    try:
        load_profile(profile)
    except ProfileError:
        return False
    return True


@lru_cache
def pack_of(profile: str, wanted: str = "") -> Pack:
    """The pack that is wanted, else that of a profile, else the usual one. ``ProfileError`` if the wanted one is not there."""
    if wanted:
        return load_pack(Path(wanted) if Path(wanted).is_dir() else ASSETS / "prompts" / wanted)
    return load_pack(Path(load_profile(profile).prompts) if is_known(profile) else ASSETS / "prompts" / USUAL_PACK)
