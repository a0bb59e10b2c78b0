"""``python -m train score`` and ``curate``: from stories in data folders to rows that a model learns from."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from train.curation.settings import Curation
from train.terminal import INTERRUPTED, Data, interruptible, plainly

if TYPE_CHECKING:
    from rich.progress import Progress

    from train.judging import Seen

Folders = Annotated[
    list[Path],
    typer.Option("--data", exists=True, file_okay=False, show_default=False, help="Data folder; may be given several times."),
]
Curated = Annotated[Path, typer.Option(file_okay=False, show_default=False, help="Where the curated folder is written.")]


# ---------------------------------------------------------------- score


def score(
    data: Data,
    judge: Annotated[
        str, typer.Option(show_default=False, help="pocket-exact, a profile whose critic's model is asked, or openai:URL#MODEL.")
    ],
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many new scores.", show_default="all")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also ask again where this judge failed before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many attempts have no score yet.")] = False,
) -> None:
    """Score every attempt of a data folder from 0 to 10 on two axes.

    Semantics is the lesser of how far the edit was done and how well the rest was kept; quality the lesser of how natural
    the picture is and how free of flaws. "pocket-exact" is the exact checker of the pocket world: it reads the scene program
    in the picture. "openai:http://host:8000/v1#model" asks a model on any server that speaks OpenAI's chat completions (vLLM,
    SGLang, a provider's); its key, if it wants one, is in the environment variable OPENAI_API_KEY. What can't be scored has no
    score, and a reason. A server that is gone ends the run with a message.

    Scores are kept in scores.jsonl beside the stories and change none of them. Stopped or killed, it goes on where it was:
    run the same command again. The studio may run meanwhile.

    The last line on stdout is one JSON object: judge, attempts (seen), scored and failed (in this run), known (from earlier
    runs), semantics and quality (means over what this run scored, or null), and seconds.
    """
    from core.store import Store
    from train.judging import judge_named, score_all
    from train.scores import Scores

    with plainly(), Store(data, write=False) as store:
        asked = judge_named(judge)
        scores = Scores(data, asked.name)
        attempts = sum(card.attempts for card in _cards(store))
        if dry_run:
            typer.echo(f"{attempts} attempts, of which {len(scores)} have been judged by {asked.name}.")
            return
        seen = score_all(store, scores, asked, again)
        status = _scored(asked.name, seen, attempts, limit)
    raise typer.Exit(status)


def _cards(store: Any) -> Iterator[Any]:
    ids = store.ids()
    for at in range(0, len(ids), 500):
        yield from store.cards(ids[at : at + 500])


def _scored(judge: str, seen: Iterator[Seen], attempts: int, limit: int | None) -> int:
    """Scores under a progress bar, prints the JSON line, and returns the exit status."""
    started, counts = time.monotonic(), {"attempts": 0, "scored": 0, "failed": 0, "known": 0}
    semantics = quality = 0.0
    stopped = False
    with interruptible() as stop, _progress() as progress, closing(seen):  # type: ignore[type-var]
        bar = progress.add_task("", total=attempts)
        for one in seen:
            found = one.line.score
            counts["attempts"] += 1
            counts["known" if not one.new else "scored" if found else "failed"] += 1
            if one.new and found:
                semantics, quality = semantics + found.semantics, quality + found.quality
            progress.update(bar, advance=1, description=f"{counts['scored']} scored, {counts['failed']} not")
            stopped = stop.is_set()
            if stopped or counts["scored"] + counts["failed"] == limit:
                break
    if stopped:
        typer.secho("Stopped; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
    made = counts["scored"]
    means = {name: round(total / made, 3) if made else None for name, total in (("semantics", semantics), ("quality", quality))}
    typer.echo(json.dumps({"judge": judge} | counts | means | {"seconds": round(time.monotonic() - started, 3)}))
    return INTERRUPTED if stopped else 0


# ---------------------------------------------------------------- curate


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of :class:`Curation`; it gets them as one value, ``settings``."""
    options = [_option(name) for name in Curation.model_fields]
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "settings"]

    def with_options(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in Curation.model_fields}
        command(settings=chosen, **given)

    with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
    with_options.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *options)}
    return with_options


def _option(name: str) -> inspect.Parameter:
    field = Curation.model_fields[name]
    unset = {"pack": "the profile's", "judge": "the only one", "variance": "by sft-to-rl"}
    shown = {"show_default": unset[name]} if name in unset else {}
    annotation = Annotated[field.annotation, typer.Option(help=field.description, **shown)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)


@_with_settings
def curate(
    *,
    data: Folders,
    out: Curated,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only decide and count; write nothing.")] = False,
    settings: dict[str, Any],
) -> None:
    """Make training data of data folders: SFT for planner and critic, RL for the critic, and preferences.

    Planner rows show a story up to a random step, and ask for the rest of its plan. Critic rows come of steps that got
    better or are good throughout, by their scores (run "score" first); the steps whose scores vary most go to RL. Successes
    and failures are balanced at each attempt's number. What people said outranks what models said, and is never filtered by
    scores: an adjudicator's word counts before the annotators', theirs before that of the story's creator, who overruled, and
    then the critic's. What annotators disagree about is dropped. Plans as annotators corrected them take the place of the
    planner's, and the pairs that they compared become preferences. Rows say who decided, when, by which version of the
    guideline, how many of how many agree, and what faults they found.

    All stories of one request, branches and copies too, are on one side: to train or to validate. Duplicates are removed.

    Writes planner_sft, critic_sft, critic_rl and preference, each with parquet files to train and to validate, pictures
    inside; report.json and report.html, which count every dropped row by its reason; and run.json. Takes the place of an
    earlier curation in the same folder once it is whole. Data folders of several shards or machines may be given together.

    The last line on stdout is one JSON object: stories, attempts, scored, rows (by folder and side), dropped (by kind and
    reason), people_changed (rows that are what people made them) and which of those annotators_changed and
    creators_changed, reviewed (attempts that annotators judged), disputed (those that they are split about), seconds. No
    usable row: the exit status is 1.
    """
    from pydantic import ValidationError

    from train.curation.work import curate as curated_by

    started = time.monotonic()
    try:
        chosen = Curation(**settings)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise typer.BadParameter(fault["msg"], param_hint=f"--{fault['loc'][0]}".replace("_", "-")) from error
    with plainly(), _progress() as progress:
        made = curated_by(data, None if dry_run else out, chosen, _watching(progress))
    for folder in (folder for folder, sides in made.rows.items() if not sides["train"]):
        typer.secho(f"There is no row to train on in {folder}; what was dropped says why.", err=True, fg="yellow")
    for profile, stories in made.strangers.items():
        typer.secho(
            f"The profile {profile!r} of {stories} stories is not here: their rows have the usual prompt pack, "
            "unless you say which one with --pack.",
            err=True,
            fg="yellow",
        )
    found = asdict(made)
    counts = ("stories", "attempts", "scored", "rows", "dropped", "reviewed", "disputed")
    said = {name: found[name] for name in (*counts, "people_changed", "annotators_changed", "creators_changed")}
    typer.echo(json.dumps(said | {"seconds": round(time.monotonic() - started, 3)}))


def _watching(progress: Progress) -> Callable[[str, int, int], None]:
    """A bar for each thing that is being done."""
    bars = dict[str, Any]()

    def watch(doing: str, done: int, of: int) -> None:
        if doing not in bars:
            bars[doing] = progress.add_task(doing, total=of)
        progress.update(bars[doing], completed=done)

    return watch


@contextmanager
def _progress() -> Iterator[Progress]:
    """Bars on stderr, with how long it took and will take."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress
