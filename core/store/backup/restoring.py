"""Makes a data folder of a backup, or shows the backup as one, for whoever examines it. Believes nothing but hashes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import StoreError
from core.folders import sync
from core.store.backup.copying import Place, Report, alone, copy_pictures, picture_in, refusing, size_of
from core.store.backup.manifest import DATABASE, FILES, MANIFEST, PICTURES, Manifest, parse_manifest
from core.store.migrations import MIGRATIONS
from core.store.sqlite import FILE
from core.store.store import IMAGES, Store


def manifest_of(backup: Path) -> Manifest:
    """``StoreError`` if the folder is no backup, not a whole one, or one that only a newer studio can read."""
    try:
        return parse_manifest((backup / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise StoreError(f"There is no whole backup in the folder {backup.name!r}: it has no {MANIFEST}.") from error
    except OSError as error:
        raise StoreError(f"The backup cannot be read: {error.strerror}.") from error


def lacking(backup: Path, manifest: Manifest) -> list[str]:
    """The pictures that the manifest names and that are not there in their size."""
    return [sha256 for sha256, size in manifest.pictures.items() if size_of(picture_in(backup / PICTURES, sha256)) != size]


@contextmanager
def viewed(backup: Path, manifest: Manifest) -> Iterator[Path]:
    """A folder that looks like the data folder that ``restore`` would make, without its pictures' copies; only to look at."""
    with TemporaryDirectory(prefix="interleave-backup-") as made:
        folder = Path(made)
        with refusing("The look at the backup"):
            place = Place(folder)
            _put_files(backup, manifest, place)
            place.clear()
            (folder / IMAGES).symlink_to((backup / PICTURES).absolute(), target_is_directory=True)
        _bring_up_to_date(folder, manifest)
        yield folder


@contextmanager
def restoring(backup: Path, manifest: Manifest, new: Path, report: Report = lambda done, of: None) -> Iterator[Path]:
    """Makes a data folder of a backup under a passing name beside ``new``; it becomes ``new`` if the block ends well.

    ``StoreError`` if anything is at ``new``, or the backup is not whole; then nothing is left. Killed, or interrupted by a
    person, it goes on where it was when it is called again.
    """
    _check_new(new, backup)
    staging = new.with_name(f".{new.name}.restoring")
    with refusing("The data folder"):
        staging.mkdir(parents=True, exist_ok=True)
        with alone(staging):
            try:
                _fill(backup, manifest, staging, report)
                yield staging
                os.rename(staging, new)  # refuses where anything is meanwhile
                sync(new.parent)
            except Exception:  # but not an interrupt, after which it may go on
                shutil.rmtree(staging, ignore_errors=True)
                raise


def _check_new(new: Path, backup: Path) -> None:
    if new.exists() and (not new.is_dir() or any(new.iterdir())):
        raise StoreError(f"{new.name!r} is there already, and nothing is ever written over: choose a new name.")
    if new.resolve().is_relative_to(backup.resolve()):
        raise StoreError("A data folder inside its backup would spoil it: choose a place outside of it.")


def _fill(backup: Path, manifest: Manifest, staging: Path, report: Report) -> None:
    for stray in staging.glob(f"{FILE}-*"):  # of a database that a killed process left here
        stray.unlink()
    place = Place(staging)
    _put_files(backup, manifest, place)
    there = copy_pictures(backup / PICTURES, place, staging / IMAGES, manifest.pictures, report)
    if lost := sorted(manifest.pictures.keys() - there.keys()):
        raise StoreError(f"{len(lost)} pictures of the backup are missing or damaged, such as {lost[0]}.")
    place.settle()
    place.clear()
    _bring_up_to_date(staging, manifest)


def _put_files(backup: Path, manifest: Manifest, place: Place) -> None:
    for name, file in manifest.files.items():
        if not place.copy(backup / FILES / file.sha256, place.folder / name, file.sha256):
            raise StoreError(f"The backup's copy of {name} is missing or damaged.")


def _bring_up_to_date(folder: Path, manifest: Manifest) -> None:
    """An older studio's database gets today's shape in the copy, as it would when a studio opens it."""
    assert DATABASE == FILE
    if manifest.tables < len(MIGRATIONS):
        Store(folder).close()
