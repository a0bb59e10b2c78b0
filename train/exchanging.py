"""``python -m train export`` and ``import``: training data in the forms of other tools, out and in."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from train.terminal import owned, plainly

if TYPE_CHECKING:
    from train.formats.exchange import Exchanged


class Format(StrEnum):
    trl = "trl"
    llamafactory = "llamafactory"
    easyr1 = "easyr1"
    records = "records"
    interleaved_easy = "interleaved-easy"
    interleaved_hard = "interleaved-hard"
    reviews = "reviews"


class File(StrEnum):
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    argilla = "argilla"


class Names(StrEnum):
    keep = "keep"
    hash = "hash"


class Rows(StrEnum):
    planner_sft = "planner_sft"
    critic_sft = "critic_sft"
    critic_rl = "critic_rl"
    preference = "preference"


OF_ROWS = (Format.trl, Format.llamafactory, Format.easyr1)
Chosen = Annotated[
    Format,
    typer.Option("--format", show_default=False, help="Of rows: the first three; of stories: the others, but reviews."),
]


def export(
    form: Chosen,
    data: Annotated[
        Path, typer.Option(exists=True, file_okay=False, show_default=False, help="Curated folder, or data folder for stories.")
    ],
    out: Annotated[Path, typer.Option(file_okay=False, show_default=False, help="Folder to write to.")],
    file: Annotated[File | None, typer.Option("--as", help="What reviews are written as.", show_default="jsonl")] = None,
    names: Annotated[
        Names | None, typer.Option(help="Whether reviewers keep their names or become hashes.", show_default="keep")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is there to export.")] = False,
) -> None:
    """Write training data in a form that other tools read.

    trl, llamafactory and easyr1 write the rows of a curated folder; records, interleaved-easy and interleaved-hard the
    finished stories of a data folder; reviews writes what annotators said in a data folder. Pictures become files beside the
    rows.

    trl holds everything. llamafactory (ShareGPT) lacks where rows come from, their weights, and critic_rl. easyr1 holds
    critic_rl alone, without where rows come from, seeds, and the question's wording. The formats of stories lack seeds,
    scores, notes, and what was edited on the way; interleaved-easy also all attempts but the kept ones, and verdicts.
    reviews is one row a review: what was judged, what the critic said and how sure it was, and the answer with its reviewer,
    guideline and time. As csv, what a spreadsheet would take for a formula has an apostrophe before it; as parquet, pictures
    are inside; as argilla, it is one dataset for each kind of item, for Argilla's Dataset.from_disk.

    What a format can't hold is named on stderr and left out. The last line on stdout is one JSON object: written (by
    kind), and left_out.
    """
    from core.store import Store
    from train.formats.exchange import export_rows
    from train.formats.stories import export_stories

    if form is not Format.reviews and (file or names):
        raise typer.BadParameter("Only reviews have a choice of files and names.", param_hint="--as" if file else "--names")
    with plainly():
        if dry_run:
            typer.echo(_contents(data, form))
            return
        if form in OF_ROWS:
            done = export_rows(form.value, data, out, _complain)
        elif form is Format.reviews:
            done = _reviews(data, out, file or File.jsonl, names or Names.keep)
        else:
            with Store(data, write=False) as store:
                done = export_stories(form.value, store, out, _complain)
    _show(done)


def bring_in(
    form: Chosen,
    file: Annotated[Path, typer.Argument(exists=True, show_default=False, help="The file, or the folder that export wrote.")],
    out: Annotated[
        Path, typer.Option(file_okay=False, show_default=False, help="Curated folder to write, or data folder for stories.")
    ],
    rows: Annotated[
        Rows | None, typer.Option(help="What a file holds whose name does not say it.", show_default="its name")
    ] = None,
    profile: Annotated[str, typer.Option(help="Of the stories; and in whose pack easyr1 rows are asked.")] = "",
) -> None:
    """Read training data of other tools: rows into a new curated folder, stories into a data folder.

    A picture is looked for beside the file. Rows and stories that can't be used are named on stderr with their line and
    reason, and left out. A story that was brought in before is not brought in again.

    The last line on stdout is one JSON object: written (by kind), and left_out. No usable row: the exit status is 1.
    """
    from train.curation.sources import pack_of
    from train.formats.exchange import import_rows
    from train.formats.stories import import_stories
    from train.provenance import write_run

    if form is Format.reviews:
        raise typer.BadParameter("Reviews can be exported only.", param_hint="--format")
    with plainly():
        if form in OF_ROWS:
            done = import_rows(form.value, file, out, pack_of(profile), _complain, rows and rows.value)
            write_run(out, "import", {"format": form.value, "rows": rows, "profile": profile}, [file])
        else:
            with owned(out) as store:
                done = import_stories(form.value, file, store, _complain, profile)
    _show(done)


def _reviews(data: Path, out: Path, file: File, names: Names) -> Exchanged:
    from core.store import Store
    from train.formats.reviews import export_reviews

    with Store(data, write=False) as store:
        return export_reviews(file.value, store, out, _complain, names.value)


def _contents(data: Path, form: Format) -> str:
    if form in OF_ROWS:
        files = sorted(path.relative_to(data).as_posix() for path in data.glob("*/*.parquet"))
        return f"{len(files)} files of rows: {', '.join(files)}." if files else "There are no rows."
    from core.store import Store

    with Store(data, write=False) as store:
        if form is Format.reviews:
            return f"{sum(1 for _ in store.reviews.everything())} reviews."
        return f"{len(store.ids())} stories, of which the finished ones would be written."


def _complain(where: str, line: int, why: str) -> None:
    typer.echo(f"{where}, {line}, is left out: {why}", err=True)


def _show(done: Exchanged) -> None:
    typer.echo(json.dumps({"written": done.written, "left_out": done.left_out}))
