"""``python -m train story …``: stories as files, out of a data folder, into one, and drawn again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from train.terminal import Data, bars, owned, plainly

if TYPE_CHECKING:
    from core.storyfile import StoryFile
    from train.replay import Redrawn
    from train.terminal import Bar

app = typer.Typer(no_args_is_help=True, help="Put a story into a file, take it out again, and see whether it can be drawn again.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, show_default=False, help="The story file.")]


@app.command("export", epilog="Example: python -m train story export k3v9x2m7q1ab --data data/run1 --out cat.story.zip")
def export(
    story_id: Annotated[str, typer.Argument(metavar="ID", show_default=False, help="The story's id, as in its address.")],
    data: Data,
    out: Annotated[Path, typer.Option(dir_okay=False, show_default=False, help="The file to write, or to write over.")],
) -> None:
    """Write a story with all its facts and pictures into one file.

    Changes nothing in the data folder, and may run while the studio does. The same story gives the same bytes.
    """
    from core.store import Store
    from core.storyfile import export_story

    with plainly(), Store(data, write=False) as store, bars() as bar:
        manifest = export_story(store, story_id, out, bar("Writing"))
    size = out.stat().st_size / 2**20
    typer.echo(f"{out.name}: {manifest.facts.count} facts, {len(manifest.pictures)} pictures, {size:.1f} MB.")


@app.command("import", epilog="Example: python -m train story import cat.story.zip --data data/run1")
def bring_in(
    file: File,
    data: Data,
    owner: Annotated[str, typer.Option(help="Whose story it becomes in the studio.")] = "local",
) -> None:
    """Bring the story in a file into a data folder, as a new story.

    Nothing in the file is believed before it is checked, and nothing is kept if anything is wrong. Prints the new story's id.
    """
    from core.storyfile import import_story

    with plainly(), owned(data) as store, bars() as bar:
        story_id = import_story(store, file, f"person:{owner}", bar("Reading"))
    typer.echo(story_id)


@app.command("replay", epilog="Example: python -m train story replay cat.story.zip")
def replay(
    file: File,
    profile: Annotated[str | None, typer.Option(help="Draw with this one.", show_default="what it was told by")] = None,
) -> None:
    """Draw every attempt of a story again, and say which pictures come out identical.

    The exit status is 1 if any differs. The pocket profile draws the same on the same machine; a larger model may differ in
    some pixels on another device or with another version of a library.
    """
    from core.storyfile import open_story_file

    with plainly(), bars() as bar, open_story_file(file, bar("Checking")) as told:
        redrawn = _redrawn(told, profile, bar)
    raise typer.Exit(_show(redrawn))


def _redrawn(told: StoryFile, profile: str | None, bar: Bar) -> list[Redrawn]:
    from tempfile import TemporaryDirectory

    from core.casting import build_agents
    from core.events import Drawn
    from core.images import ImageStore
    from core.profiles import load_profile
    from train.replay import profile_of
    from train.replay import replay as drawn_again

    bar("Loading the models")
    agents = build_agents(load_profile(profile) if profile else profile_of(told))
    attempts = sum(isinstance(event, Drawn) for event in told.facts)
    report = bar("Drawing")
    redrawn: list[Redrawn] = []
    with TemporaryDirectory() as folder:
        for one in drawn_again(told, agents, ImageStore(Path(folder))):
            redrawn.append(one)
            report(len(redrawn), attempts)
    return redrawn


def _show(redrawn: list[Redrawn]) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table("Step", "Revision", "Attempt", "Picture")
    for one in redrawn:
        key = one.attempt
        table.add_row(key.step, str(key.revision), str(key.number + 1), Text(one.why or "identical"))
    if redrawn:
        console.print(table)
    differ = sum(bool(one.why) for one in redrawn)
    verdict = f"{differ} of {len(redrawn)} pictures differ" if differ else f"All {len(redrawn)} pictures come out identical"
    console.print(f"{verdict}.", highlight=False)
    return 1 if differ else 0
