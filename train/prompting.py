"""``python -m train prompts …``: files of requests for ``collect``."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from train.terminal import plainly

app = typer.Typer(no_args_is_help=True, help="Make files of requests to tell stories for.")


@app.command("build", epilog="Example: python -m train prompts build --out prompts.jsonl --count 1000 --pocket")
def build(
    out: Annotated[Path, typer.Option(dir_okay=False, show_default=False, help="The file to write, or to write over.")],
    count: Annotated[int, typer.Option(min=1, help="How many requests.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other requests; a longer list begins with the shorter.")] = 0,
    pocket: Annotated[bool, typer.Option("--pocket", help="Requests of the pocket world, for the models that ship.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the first ten.")] = False,
) -> None:
    """Build requests from domains, ways to ask and vocabulary.

    Eight domains (cooking, crafts, nature, science, stories, movement, home, art) with ten sub-categories each come equally
    often, as long as they have something new to ask, and no request comes twice. A line is {"id": "...", "user_input":
    "..."}, as "collect" reads it.

    The last line on stdout is one JSON object: prompts, domains and subjects (how many of each).
    """
    from rich.console import Console
    from rich.progress import track

    from train.prompts import ToldOut, pocket_requests, requests

    asked = pocket_requests(seed) if pocket else requests(seed)
    if dry_run:
        for one in islice(asked, min(count, 10)):
            typer.echo(one.text)
        return
    written, domains, subjects = 0, set[str](), set[tuple[str, str]]()
    with plainly():
        out.parent.mkdir(parents=True, exist_ok=True)
        console = Console(stderr=True)
        with open(out, "w", encoding="utf-8") as file:
            for one in track(islice(asked, count), "Building", total=count, console=console, transient=True):
                file.write(json.dumps({"id": one.id, "user_input": one.text}, ensure_ascii=False) + "\n")
                written += 1
                domains.add(one.domain)
                subjects.add((one.domain, one.subject))
        if written < count:
            raise ToldOut(f"There are only {written} different requests; they are in {out.name}.")
    typer.echo(json.dumps({"prompts": written, "domains": len(domains), "subjects": len(subjects)}))
