"""Takes stories out of a data folder into story files, and story files into a data folder."""

from __future__ import annotations

from pathlib import Path

from core.errors import ReadOnly, StoreError
from core.events import EVENT, Imported
from core.store import Store, new_id, title_of
from core.story import Story
from core.storyfile.archive import MAX_ENTRIES, MAX_TOTAL, put, written
from core.storyfile.contents import Report, open_story_file, pictures_of
from core.storyfile.manifest import FACTS, MANIFEST, MAX_FACT_BYTES, MAX_FACTS, Facts, Manifest, Picture, digest_of, entry_of
from core.trajectory import fold


def export_story(store: Store, story_id: str, out: Path, report: Report | None = None) -> Manifest:
    """Writes the story file, in the place of one that is there; ``report`` hears of each picture.

    ``NotFound`` if there is no such story, ``StoreError`` if a picture is gone or damaged, or the file cannot be written.
    """
    facts = tuple(store.events(story_id))
    if len(facts) > MAX_FACTS:
        raise StoreError(
            "This story is too long for a story file: it has {count} facts, of at most {most}.", count=len(facts), most=MAX_FACTS
        )
    refs = sorted(pictures_of(facts).values(), key=lambda ref: ref.sha256)
    lines = b"".join(EVENT.dump_json(event) + b"\n" for event in facts)
    manifest = Manifest(
        story=story_id,
        title=title_of(fold(facts)),
        facts=Facts(count=len(facts), sha256=digest_of(lines)),
        pictures=tuple(Picture(**ref.model_dump(), bytes=len(store.images.read(ref))) for ref in refs),
    )
    total = len(lines) + len(manifest.json_bytes()) + sum(picture.bytes for picture in manifest.pictures)
    if len(refs) + 2 > MAX_ENTRIES or len(lines) > MAX_FACT_BYTES or total > MAX_TOTAL:
        raise StoreError(
            "This story is too large for a story file: {count} pictures, {mb} MB.", count=len(refs), mb=total // 2**20
        )
    with written(out) as archive:
        put(archive, MANIFEST, manifest.json_bytes())
        put(archive, FACTS, lines)
        for number, ref in enumerate(refs, start=1):
            put(archive, entry_of(ref.sha256), store.images.read(ref))
            if report:
                report(number, len(refs))
    return manifest


def import_story(store: Store, file: Path, by: str, report: Report | None = None) -> str:
    """Brings the story in a file in, as a new one of ``by``, and returns its id; ``report`` hears of each picture twice.

    Its facts stay as they are; one more says whose it is now. ``BadFile`` says what is wrong with the file, of which nothing
    is kept then.
    """
    if store.read_only:
        raise ReadOnly(store.read_only)

    def examined(done: int, of: int) -> None:
        if report:
            report(done, 2 * of)

    with open_story_file(file, examined) as told:
        pictures = told.manifest.pictures
        for number, picture in enumerate(pictures, start=1):
            store.images.adopt(told.picture(picture))  # before the facts that name it
            if report:
                report(len(pictures) + number, 2 * len(pictures))
        story = Story(new_id(), sink=store.append)
        story.record(*told.facts, Imported(origin=told.manifest.story, digest=told.manifest.facts.sha256, by=by))
    return story.id
