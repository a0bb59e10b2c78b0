"""Curates data folders: walks them twice, once to decide and once to write. Knows no printing and holds no rows.

The second walk sees what the first saw, also where somebody goes on telling meanwhile. What is written takes the place of an
earlier curation only when it is whole.
"""

from __future__ import annotations

import math
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import StoreError, StudioError
from core.ports import Score
from train.curation.candidates import FOLDERS, Candidate, candidates
from train.curation.filters import SIDES, Side, side_of
from train.curation.ledger import Ledger
from train.curation.settings import Curation
from train.curation.shards import Shards, record_of
from train.curation.sources import Source, Sources, is_known, pack_of
from train.provenance import write_run
from train.told import Case

PART = ".curating"  # where an unfinished curation is, inside the folder that it is for
PICTURE_GONE = "its picture is gone or damaged"

#: Hears what is being done, and how many stories of how many.
Watch = Callable[[str, int, int], None]


class NothingUsable(StudioError):
    """There is no row to learn from; the message says why."""


@dataclass
class Curated:
    """What a curation found and made. ``rows`` is by folder and side, ``dropped`` by kind of row and reason."""

    stories: int = 0
    deleted: int = 0
    attempts: int = 0
    scored: int = 0
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)
    people_judged: int = 0  # attempts
    reviewed: int = 0  # attempts that annotators judged, of which
    disputed: int = 0  # they are split about
    people_changed: dict[str, int] = field(default_factory=dict)  # kept rows that are what people made them, by folder
    annotators_changed: dict[str, int] = field(default_factory=dict)  # those of them by annotators
    creators_changed: dict[str, int] = field(default_factory=dict)  # and those by the stories' creators
    verdicts: dict[int, dict[str, int]] = field(default_factory=dict)  # by attempt number: true, false, kept_true, kept_false
    scores: dict[int, int] = field(default_factory=dict)  # attempts by their overall score, rounded down
    variance_cutoff: float | None = None
    strangers: dict[str, int] = field(default_factory=dict)  # stories by profiles that are not here, where no pack was named

    @property
    def total(self) -> int:
        return sum(count for sides in self.rows.values() for count in sides.values())

    def refusal(self) -> str:
        """Why there is no row."""
        if not self.stories:
            return "There is no story to learn from: collect some first."
        reasons = Counter[str]()
        for kind in self.dropped.values():
            reasons.update(kind)
        why = ", ".join(f"{count} × {reason}" for reason, count in reasons.most_common(3))
        return f"None of the rows of {self.stories} stories is usable: {why or 'they have no attempts'}."


def curate(folders: list[Path], out: Path | None, settings: Curation, watch: Watch = lambda doing, done, of: None) -> Curated:
    """Writes what can be learned from these data folders to ``out``; without ``out`` it only decides and counts.

    ``NothingUsable`` if no row is kept, after the report of why has been written.
    """
    from train.curation.report import write_report

    with Sources(folders, settings.judge) as sources:
        ledger, curated = Ledger(settings), Curated()
        for _, side, one in _walk(sources, settings, curated, watch, "Deciding"):
            ledger.enter(one, side)
        ledger.settle()
        if out is None:
            _count(curated, ledger)
            return curated
        part = out / PART
        shutil.rmtree(part, ignore_errors=True)
        gone = _write(sources, settings, ledger, part, watch, curated)
        _count(curated, ledger, gone)
    if curated.total:
        _replace(part, out)
    shutil.rmtree(part, ignore_errors=True)
    write_report(out, curated, settings)
    write_run(out, "curate", settings.model_dump(), folders)
    if not curated.total:
        raise NothingUsable(curated.refusal())
    return curated


def _walk(
    sources: Sources, settings: Curation, curated: Curated | None, watch: Watch, doing: str
) -> Iterator[tuple[Source, Side, Candidate]]:
    """All candidates in order; counts what is seen on the way, on the first walk."""
    for number, (source, story) in enumerate(sources.walk(), start=1):
        watch(doing, number, len(sources))
        if story is None:
            continue
        score = source.score
        if curated:
            curated.stories += 1
            curated.people_judged += sum(case.person is not None for case in story.cases)
            curated.reviewed += sum(case.annotators is not None or case.disputed for case in story.cases)
            curated.disputed += sum(case.disputed for case in story.cases)
            if (profile := story.trajectory.profile) and not settings.pack and not is_known(profile):
                curated.strangers[profile] = curated.strangers.get(profile, 0) + 1
            score = _counting(source, curated)
        pack = pack_of(story.trajectory.profile, settings.pack)
        side = side_of(story.stem, settings)
        for one in candidates(story, pack, score, settings):
            yield source, side, one
    if curated:
        curated.deleted = sources.deleted


def _counting(source: Source, curated: Curated) -> Callable[[Case], Score | None]:
    def score(case: Case) -> Score | None:
        found = source.score(case)
        curated.attempts += 1
        if found:
            curated.scored += 1
            floor = int(found.overall)
            curated.scores[floor] = curated.scores.get(floor, 0) + 1
        return found

    return score


def _write(
    sources: Sources, settings: Curation, ledger: Ledger, part: Path, watch: Watch, curated: Curated
) -> Counter[tuple[str, str]]:
    """Writes the kept rows; returns how many could not be, by folder and side."""
    shards, gone = Shards(part, settings.rows_a_shard), Counter[tuple[str, str]]()
    changed, by_annotators = dict.fromkeys(FOLDERS, 0), dict.fromkeys(FOLDERS, 0)
    for ordinal, (source, _, one) in enumerate(_walk(sources, settings, None, watch, "Writing")):
        place = ledger.decided(ordinal)
        if place is None:
            continue
        folder, side = place
        images = [source.store.images, *(images for images in sources.images if images is not source.store.images)]
        try:
            shards.add(folder, side, record_of(one.rows[folder](), images))
        except StoreError:
            gone[one.kind, PICTURE_GONE] += 1
            continue
        changed[folder] += one.changed
        by_annotators[folder] += one.changed and one.by_annotators
    shards.close()
    curated.people_changed, curated.annotators_changed = dict(changed), dict(by_annotators)
    curated.creators_changed = {folder: changed[folder] - by_annotators[folder] for folder in FOLDERS}
    curated.rows = {folder: {side: shards.counts[folder, side] for side in SIDES} for folder in FOLDERS}
    return gone


def _count(curated: Curated, ledger: Ledger, gone: Counter[tuple[str, str]] | None = None) -> None:
    curated.dropped = ledger.dropped()
    for (kind, why), count in (gone or {}).items():
        curated.dropped[kind][why] = count
    curated.variance_cutoff = ledger.cutoff if math.isfinite(ledger.cutoff) else None
    for number, truth, kept in ledger.verdicts():
        row = curated.verdicts.setdefault(number, {"true": 0, "false": 0, "kept_true": 0, "kept_false": 0})
        name = "true" if truth else "false"
        row[name] += 1
        row[f"kept_{name}"] += kept
    if not curated.rows:
        places = Counter(ledger.decided(ordinal) for ordinal in range(len(ledger)))
        curated.rows = {folder: {side: places[folder, side] for side in SIDES} for folder in FOLDERS}


def _replace(part: Path, out: Path) -> None:
    for folder in FOLDERS:
        shutil.rmtree(out / folder, ignore_errors=True)
        if (part / folder).is_dir():
            os.replace(part / folder, out / folder)
