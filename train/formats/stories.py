"""Takes finished stories out of a data folder into another format, and back. One story at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.errors import BadImage, NotFound, StudioError, WriteConflict
from core.events import Event
from core.store import Store
from core.story import Story
from core.types import ImageRef
from train.formats import interleaved, records
from train.formats.exchange import CannotExchange, Exchanged
from train.formats.files import BadRow, Complain, Lines, Pictures, objects
from train.formats.tales import Tale, facts_of, name_of, tale_of
from train.told import told

RECORD = "execution_record.json"
STORIES = "stories"  # what they are counted as
FORMATS = ("records", "interleaved-easy", "interleaved-hard")

Watch = Callable[[int, int], None]


def export_stories(name: str, store: Store, out: Path, complain: Complain, watch: Watch = lambda done, of: None) -> Exchanged:
    """``records`` writes ``out/<id>/execution_record.json`` with its pictures; the others ``out/<format>.jsonl``."""
    done, ids = Exchanged(), store.ids()
    lines = None if name == "records" else Lines(out / f"{name}.jsonl")
    for number, story_id in enumerate(ids, start=1):
        try:
            _export(name, store, story_id, out, lines)
            done.add(STORIES)
        except NotFound:  # deleted
            continue
        except StudioError as error:
            complain("story", number, str(error))
            done.left_out += 1
        watch(number, len(ids))
    if lines:
        lines.close()
    if not done.written:
        raise CannotExchange("There is no finished story to export.")
    return done


def _export(name: str, store: Store, story_id: str, out: Path, lines: Lines | None) -> None:
    tale = tale_of(told(story_id, store.events(story_id)))
    pictures = Pictures(out if lines else out / story_id)

    def keep(ref: ImageRef) -> str:
        return pictures.keep(store.images.read(ref))

    if lines:
        lines.add(interleaved.line_of(story_id, tale, keep, name.endswith("hard")))
        return
    record = json.dumps(records.record_of(tale, keep), indent=2, ensure_ascii=False) + "\n"
    (out / story_id).mkdir(parents=True, exist_ok=True)
    (out / story_id / RECORD).write_text(record, encoding="utf-8")


def import_stories(name: str, file: Path, store: Store, complain: Complain, profile: str = "") -> Exchanged:
    """Brings stories into a data folder; one that was brought in before is left as it is, and counted again.

    ``file`` is one file, or (``records``) a folder with one in each of its folders.
    """
    done = Exchanged()

    def hear(where: str, line: int, why: str) -> None:
        complain(where, line, why)
        done.left_out += 1

    for path, number, value in _values(name, file, hear):
        try:
            load = _loader(store, Pictures(path.parent))
            tale = records.tale_in(value, load) if name == "records" else interleaved.tale_in(value, load, name.endswith("hard"))
            _keep(store, tale, profile)
            done.add(STORIES)
        except BadRow as error:
            hear(str(path.relative_to(file)) if file.is_dir() else path.name, number, str(error))
    if not done.written:
        raise CannotExchange(f"{file.name} has no story that can be read as {name}.")
    return done


def _values(name: str, file: Path, complain: Complain) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    if name != "records":
        files = [file / f"{name}.jsonl"] if file.is_dir() else [file]
    else:
        files = sorted(file.rglob(RECORD)) if file.is_dir() else [file]
    for path in files:
        if not path.is_file():
            raise CannotExchange(f"{file.name} has no {path.name}.")
        yield from ((path, number, value) for number, value in objects(path, complain))


def _loader(store: Store, pictures: Pictures) -> Callable[[object], ImageRef]:
    """Brings a picture in as it is, if it is one of ours, else as an upload."""

    def load(name: object) -> ImageRef:
        data = pictures.load(name)
        try:
            return store.images.adopt(data)
        except BadImage:
            pass
        try:
            return store.images.import_upload(data)
        except BadImage as error:
            raise BadRow(f"the picture {name!r}: {error}") from error

    return load


def _keep(store: Store, tale: Tale, profile: str) -> None:
    facts: list[Event] = list(facts_of(tale, profile))
    story = Story(name_of(tale), sink=store.append)
    try:
        story.record(*facts)
    except WriteConflict:  # it was brought in before
        return
