"""Opens story files, and believes nothing in them: names, sizes, hashes, facts and pictures are checked before they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path

from core.errors import BadFile, BadImage
from core.events import EVENT, Drawn, Event, Opened, PlanEdited, Planned, Settled
from core.pictures import examined
from core.storyfile.archive import Archive
from core.storyfile.manifest import ENTRIES, FACTS, MANIFEST, Manifest, Picture, digest_of, entry_of, parse_manifest
from core.trajectory import Trajectory, fold
from core.types import MAX_STEPS, ImageRef

#: Hears how many pictures of how many are done.
Report = Callable[[int, int], None]

MAX_NAME = 200  # characters of an author's or a profile's name
MAX_NUMBER = 2**53  # what every program's JSON keeps exactly; a row of the database keeps it, too


@dataclass(frozen=True)
class StoryFile:
    """A story file in which everything is as it should be, as long as it is open."""

    manifest: Manifest
    facts: tuple[Event, ...]
    trajectory: Trajectory
    _archive: Archive

    def picture(self, picture: Picture) -> bytes:
        """A picture's file. Checked again, for somebody may have changed the file since."""
        data = self._archive.read(entry_of(picture.sha256))
        if len(data) != picture.bytes or digest_of(data) != picture.sha256:
            raise BadFile(
                "The story file is damaged: the picture {name} is not the one that was exported.", name=picture.sha256[:12]
            )
        return data


@contextmanager
def open_story_file(file: Path, report: Report | None = None) -> Iterator[StoryFile]:
    """The story file, once all of it was examined; ``report`` hears of each picture. ``BadFile`` says what is wrong with it."""
    archive = Archive(file, ENTRIES)
    try:
        manifest = parse_manifest(archive.read(MANIFEST))
        facts = _facts(archive.read(FACTS), manifest)
        story = StoryFile(manifest, facts, fold(facts), archive)
        _check_entries(archive, manifest)
        _check_named(story)
        for number, picture in enumerate(manifest.pictures, start=1):
            _check_picture(picture, story.picture(picture))
            if report:
                report(number, len(manifest.pictures))
        yield story
    finally:
        archive.close()


def pictures_of(events: tuple[Event, ...]) -> dict[str, ImageRef]:
    """The pictures that these facts name, by their hash. ``BadFile`` if two are of one hash and not of one size."""
    found: dict[str, ImageRef] = {}
    for ref in chain.from_iterable(map(_named, events)):
        if found.setdefault(ref.sha256, ref) != ref:
            raise BadFile("Its facts give the picture {name} two sizes.", name=ref.sha256[:12])
    return found


def _named(event: Event) -> Iterator[ImageRef]:
    match event:
        case Opened(request=request):
            yield from (*request.pictures, *request.references)
        case Drawn(attempt=attempt):
            yield attempt.image
            if attempt.source:
                yield attempt.source
        case Settled(source=ImageRef() as source):
            yield source


# ---------------------------------------------------------------- facts


def _facts(data: bytes, manifest: Manifest) -> tuple[Event, ...]:
    if digest_of(data) != manifest.facts.sha256:
        raise BadFile("The story file is damaged: its facts are not those that were exported.")
    *lines, rest = data.split(b"\n")
    if rest or len(lines) != manifest.facts.count:
        raise BadFile(
            "The story file should have {count} facts; it has {here}.", count=manifest.facts.count, here=len(lines) + bool(rest)
        )
    facts = tuple(_fact(number, line) for number, line in enumerate(lines))
    _check_story(facts)
    return facts


def _fact(number: int, line: bytes) -> Event:
    try:
        event = EVENT.validate_json(line)
        kept = EVENT.validate_json(EVENT.dump_json(event))
    except ValueError as error:  # of which a ValidationError is one; the other is a text that is no UTF-8
        raise BadFile("Fact {number} of the story file cannot be read.", number=number) from error
    if kept != event or not _sober(event.model_dump()):
        raise BadFile("Fact {number} of the story file has a number in it that no story has.", number=number)
    if "at" not in event.model_fields_set or event.at.utcoffset() != timedelta(0):
        raise BadFile("Fact {number} of the story file does not say when it happened, in UTC.", number=number)
    if len(event.by) > MAX_NAME or (isinstance(event, Opened) and len(event.profile) > MAX_NAME):
        raise BadFile("Fact {number} of the story file has a name in it that is too long.", number=number)
    return event


def _sober(value: object) -> bool:
    """Whether all numbers in a fact are such that a database keeps them; what is not a number at all is larger than any."""
    match value:
        case dict():
            return all(map(_sober, value.values()))
        case list() | tuple():
            return all(map(_sober, value))
        case int() | float():
            return abs(value) <= MAX_NUMBER
    return True


def _check_story(facts: tuple[Event, ...]) -> None:
    """Refuses what no studio would have recorded, and what would make the rules or the database stumble."""
    if not isinstance(facts[0], Opened):
        raise BadFile("The story file's first fact does not open a story.")
    drawn = set()
    for number, event in enumerate(facts):
        match event:
            case Opened() if number:
                raise BadFile("Fact {number} of the story file opens the story again.", number=number)
            case Planned(steps=steps) | PlanEdited(steps=steps):
                if len(steps) > MAX_STEPS or len({step.id for step in steps}) < len(steps):
                    raise BadFile(
                        "Fact {number} of the story file is a plan with too many steps, or with one of them twice.", number=number
                    )
            case Drawn(attempt=attempt):
                if attempt.key in drawn:
                    raise BadFile("Fact {number} of the story file draws an attempt again that was drawn before.", number=number)
                drawn.add(attempt.key)


# ---------------------------------------------------------------- pictures


def _check_entries(archive: Archive, manifest: Manifest) -> None:
    listed = [entry_of(picture.sha256) for picture in manifest.pictures]
    if len(set(listed)) < len(listed):
        raise BadFile("The story file's manifest names a picture twice.")
    for name in sorted(archive.entries.keys() ^ {MANIFEST, FACTS, *listed}):
        if name in archive.entries:
            raise BadFile("The story file is not whole: {name} is not in its manifest.", name=name)
        raise BadFile("The story file is not whole: {name} is missing.", name=name)


def _check_named(story: StoryFile) -> None:
    """All pictures that the facts name are there, of that size, and no others."""
    named = pictures_of(story.facts)
    listed = {picture.sha256: picture.ref for picture in story.manifest.pictures}
    for sha256 in sorted(named.keys() | listed.keys()):
        if sha256 not in listed:
            raise BadFile("The story file is not whole: its facts name the picture {name}, which is missing.", name=sha256[:12])
        if sha256 not in named:
            raise BadFile("The story file has the picture {name}, which none of its facts names.", name=sha256[:12])
        if named[sha256] != listed[sha256]:
            raise BadFile("The story file's facts give the picture {name} another size than its manifest.", name=sha256[:12])


def _check_picture(picture: Picture, data: bytes) -> None:
    try:
        size = examined(data).size
    except BadImage as error:
        raise BadFile(
            "The story file's picture {name} is not one of a story: {why}", name=picture.sha256[:12], why=error.sentence
        ) from error
    if size != (picture.width, picture.height):
        raise BadFile("The story file's picture {name} has not the size that it should have.", name=picture.sha256[:12])
