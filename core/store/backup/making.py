"""Makes a backup of a data folder, also while its studio writes: the database first, then the pictures that its facts name.

A picture is there before its fact is, so every picture that the copied database names is found afterwards.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from core.errors import StoreError
from core.folders import make
from core.store.backup.copying import Place, Report, alone, copied, copy_pictures, disk_full, hash_of, refusing, size_of
from core.store.backup.manifest import DATABASE, FILES, MANIFEST, OTHERS, PICTURES, Copied, Counts, Kept, Manifest, parse_manifest
from core.store.sqlite import FILE
from core.store.store import Store

OURS = {MANIFEST, FILES, PICTURES, "incoming"}
WHAT = "The backup"

COUNTS = "SELECT (SELECT count(*) FROM story), (SELECT count(*) FROM event), (SELECT count(*) FROM review)"
#: What only ever grows: each story's facts, and the reviews.
GROWING = "SELECT story_id, max(seq) FROM event GROUP BY story_id UNION ALL SELECT '', max(id) FROM review"


def back_up(store: Store, target: Path, report: Report = lambda done, of: None) -> Manifest:
    """Makes ``target`` a backup of the store's folder as it is now; what is there of an earlier one is not copied again.

    Killed, it goes on where it was when it is called again, and the earlier backup holds until this one is whole. ``StoreError``
    if the target is something else or cannot be written. Pictures that are damaged in the data folder are left out and named.
    Of stories that are in a PostgreSQL database this makes none.
    """
    if store.shared:
        raise StoreError("These stories are in a PostgreSQL database: copy it with pg_dump, and then the data folder.")
    folder = store.database.folder
    _check_target(folder, target)
    with refusing(WHAT):
        make(target)
        with alone(target):
            before = _before(target)
            place = Place(target)
            with place.arriving() as part:
                counts = _snapshot(store, part)
                if before:
                    _check_grown(before, target, part)
                files: dict[Kept, Copied] = {DATABASE: _keep(place, part)}
            files |= _others(folder, place)
            wanted = {**(before.pictures if before else {}), **_pictures_of(store)}
            there = copy_pictures(store.images.folder, place, target / PICTURES, wanted, report)
            manifest = Manifest(counts=counts, files=files, pictures=there, damaged=tuple(sorted(wanted.keys() - there.keys())))
            place.settle()
            place.put(manifest.json_bytes(), target / MANIFEST)
            place.settle()
            _sweep(target, manifest)
            place.clear()
    return manifest


def _check_target(folder: Path, target: Path) -> None:
    """Nothing but a backup, or what becomes one, is ever written to."""
    here, there = folder.resolve(), target.resolve()
    if there.is_relative_to(here):
        raise StoreError("A backup inside the data folder would be lost with it: choose a place outside of it.")
    if target.exists() and not target.is_dir():
        raise StoreError(f"{target.name!r} is a file: choose a folder for the backup.")
    if (target / FILE).exists():
        raise StoreError(f"{target.name!r} is a studio's data folder, not a backup: choose another place.")
    names = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if others := sorted(name for name in names - OURS if not name.startswith(".")):
        raise StoreError(f"{target.name!r} holds other things ({others[0]!r}): choose an empty folder, or a new one.")


def _before(target: Path) -> Manifest | None:
    path = target / MANIFEST
    return parse_manifest(path.read_bytes()) if path.is_file() else None


def _snapshot(store: Store, part: Path) -> Counts:
    """Copies the database as it is at one moment into one file, and counts what is in it. Writers go on meanwhile."""
    with store.database.reading() as db:
        stories, facts, reviews = db.exec_driver_sql(COUNTS).one()  # the moment: the transaction sees nothing later
        with _answering(), closing(sqlite3.connect(part)) as copy:
            db.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
            copy.execute("PRAGMA journal_mode = DELETE").close()  # so that no second file belongs to it
    return Counts(stories=stories, facts=facts, reviews=reviews)


@contextmanager
def _answering() -> Iterator[None]:
    """Turns what SQLite refuses of the copy into a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            raise disk_full(WHAT) from error
        raise StoreError(f"The database cannot be copied: {error}.") from error


def _check_grown(before: Manifest, target: Path, now: Path) -> None:
    """Refuses to put a database in the place of one that holds more: of another studio, or newer than what is backed up."""
    kept = target / FILES / before.database.sha256
    if size_of(kept) != before.database.bytes or hash_of(kept) != before.database.sha256:
        raise StoreError(
            f"The database of the backup in {target.name!r} is damaged: keep what is there, and choose another folder."
        )
    grown = _growing(now)
    if any(grown.get(story, -1) < last for story, last in _growing(kept).items()):
        raise StoreError(
            f"The backup in {target.name!r} holds stories or reviews that this data folder does not: it is another studio's, or "
            "a newer state. Choose another folder."
        )


def _growing(database: Path) -> Mapping[str, int]:
    with _answering(), closing(sqlite3.connect(f"file:{quote(str(database.absolute()))}?mode=ro", uri=True)) as db:
        return {story: -1 if last is None else last for story, last in db.execute(GROWING)}


def _others(folder: Path, place: Place) -> Iterator[tuple[Kept, Copied]]:
    for name in OTHERS:
        if (folder / name).is_file():
            with place.arriving() as part:
                copied(folder / name, part)
                yield name, _keep(place, part)


def _keep(place: Place, part: Path) -> Copied:
    """Names a file by its content."""
    copy = Copied(sha256=hash_of(part), bytes=part.stat().st_size)
    place.keep(part, place.folder / FILES / copy.sha256)
    return copy


def _pictures_of(store: Store) -> dict[str, int]:
    return {sha256: path.stat().st_size for path, sha256 in store.images.files() if sha256}


def _sweep(target: Path, manifest: Manifest) -> None:
    """Removes the files of earlier backups; pictures stay, for facts and pictures only ever become more."""
    named = {file.sha256 for file in manifest.files.values()}
    for path in (target / FILES).iterdir():
        if path.name not in named:
            path.unlink()
