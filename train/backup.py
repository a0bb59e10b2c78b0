"""``python -m train backup`` and ``restore``: a data folder's copy, made while the studio runs, and a data folder made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from train.terminal import INTERRUPTED, bars, plainly, show_report

if TYPE_CHECKING:
    from core.store.backup import Manifest
    from core.store.backup import Report as Told
    from train.doctor import Report

Folder = Annotated[Path, typer.Argument(metavar="DIR", show_default=False, help="The backup: a folder of its own.")]


def backup(
    folder: Folder,
    data: Annotated[Path, typer.Option(help="Data folder: stories and their pictures.")] = Path("data"),
    verify: Annotated[
        bool, typer.Option("--verify", help="Only check the backup that is there; --data is not looked at.")
    ] = False,
) -> None:
    """Copy a data folder, also while the studio runs.

    The database (stories, facts, reviews) is copied as it is at one moment, then all pictures, and the scores of judges. What can
    be made again is left out: thumbnails, exports, imports that are on their way. Training runs and the file of who may sign in
    are not in the data folder: copy them yourself.

    Give the same folder each time: pictures that are there are read, and copied again only if the disk has spoilt them. Stopped
    or killed, it goes on when it is run again, and until it is through, the backup before holds. It never writes over a backup
    that holds more than the data folder.

    --verify reads the whole backup and examines it as "doctor" does. The exit status is 1 if anything is wrong.
    """
    with plainly(), _stoppable():
        status = _verify(folder) if verify else _make(folder, data)
    raise typer.Exit(status)


def restore(
    folder: Folder,
    data: Annotated[Path, typer.Option(show_default=False, help="The new data folder; nothing may be there yet.")],
    despite_faults: Annotated[
        bool, typer.Option("--despite-faults", help="Restore what there is, although the doctor finds faults in it.")
    ] = False,
) -> None:
    """Make a data folder of a backup.

    Everything is checked before the new folder gets its name: every file and picture by its hash, the database and every story
    as "doctor" does. Nothing is ever written over. A backup of an older version is brought up to date in the copy.
    """
    from core.errors import StoreError
    from core.store.backup import manifest_of, restoring

    with plainly(), _stoppable():
        manifest = manifest_of(folder)
        with bars() as bar, restoring(folder, manifest, data, bar("Copying pictures")) as staging:
            report = _examined(staging, bar("Examining stories"))
            if report.faults and not despite_faults:
                show_report(report)
                raise StoreError("Nothing was restored. To have what there is all the same, add --despite-faults.")
        show_report(report)
        typer.echo(f"Restored as it was at {_moment(manifest)}: {data}")


def _make(folder: Path, data: Path) -> int:
    from core.store import Store
    from core.store.backup import back_up

    with Store(data, write=False) as store, bars() as bar:
        manifest = back_up(store, folder, bar("Copying pictures"))
    typer.echo(f"{_said(manifest)} They are in {folder}.")
    for sha256 in manifest.damaged:
        typer.secho(f"Left out, for it is damaged in the data folder: picture {sha256}.", err=True, fg="red")
    return 1 if manifest.damaged else 0


def _verify(folder: Path) -> int:
    from core.store.backup import lacking, manifest_of, viewed

    manifest = manifest_of(folder)
    gone = lacking(folder, manifest)
    with bars() as bar, viewed(folder, manifest) as view:
        report = _examined(view, bar("Examining stories"))
    typer.echo(f"Made {_moment(manifest)}: {_said(manifest)}")
    for sha256 in gone:
        typer.secho(f"Missing, or not of the size that it had: picture {sha256}.", err=True, fg="red")
    return show_report(report) or bool(gone)


def _examined(folder: Path, tell: Told) -> Report:
    from train.doctor import examine

    def watch(story_ids: Iterable[str]) -> Iterator[str]:
        all_of_them = list(story_ids)
        for number, story_id in enumerate(all_of_them, start=1):
            yield story_id
            tell(number, len(all_of_them))

    return examine(folder, watch)


def _said(manifest: Manifest) -> str:
    counts, size = manifest.counts, manifest.size / 2**20
    return (
        f"{counts.stories} stories, {counts.facts} facts, {counts.reviews} reviews, "
        f"{len(manifest.pictures)} pictures, {size:.1f} MB."
    )


def _moment(manifest: Manifest) -> str:
    return f"{manifest.made_at:%Y-%m-%d %H:%M} UTC"


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C ends it with a word on how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        typer.secho("Stopped; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
        raise typer.Exit(INTERRUPTED) from stop
