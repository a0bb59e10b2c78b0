"""``python -m train push``: a trained model for others, or for oneself elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from train.terminal import plainly


def push(
    model: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, show_default=False, help="A finished run's folder, or a set of models."),
    ],
    repo: Annotated[str, typer.Option(show_default=False, help="Where to: somebody/some-model.")],
    public: Annotated[bool, typer.Option("--public", help="For everybody to see. Else a new repository is private.")] = False,
    message: Annotated[str, typer.Option(help="Of the commit.")] = "Upload by Interleave Studio",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the files, their sizes, and the card.")] = False,
) -> None:
    """Upload a trained model to the Hugging Face Hub, private unless told otherwise.

    Takes safetensors, configurations, the processor and the tokenizer; nothing else of the folder leaves this machine: no
    checkpoint, no optimizer state, no story and no picture. A card is written from what the run's folder tells: base model,
    stage, settings, hashes of the data, versions, and how good it is. A set of models with a README.md of its own keeps it.

    Log in once with `hf auth login`, or set HF_TOKEN. The last line on stdout is one JSON object: repo, url, files, bytes,
    private (whether it was to be).
    """
    from train.push import bundle, local_base, size
    from train.push import push as upload

    with plainly():
        found = bundle(model)
        if base := local_base(found):
            typer.secho(
                f"The adapter's base is a folder of this machine, {Path(base).name}: others can't load it.", err=True, fg="yellow"
            )
        sizes = found.sizes
        if dry_run:
            for name, count in sizes.items():
                typer.echo(f"{size(count):>10}  {name}")
            typer.echo(f"{size(sum(sizes.values())):>10}  in all, to {repo}, {'public' if public else 'private'}\n\n{found.card}")
            return
        url = upload(found, repo, public, message)
    typer.echo(json.dumps({"repo": repo, "url": url, "files": len(sizes), "bytes": sum(sizes.values()), "private": not public}))
