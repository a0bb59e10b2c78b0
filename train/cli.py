"""``python -m train …``: the door to everything that needs no browser. Parses, prints, and leaves the work to its module.

Each command imports what it needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from train import backup, exchanging, fitting, measuring, preparing, prompting, sharing, story, training
from train.pocket import commands as pocket
from train.reproducing import commands as reproducing
from train.terminal import INTERRUPTED, Data, interruptible, owned, plainly, show_report

if TYPE_CHECKING:
    from core.profiles import Profile
    from core.store import Store
    from train.collect import Calls, Complain, Share

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Collect stories, examine them, and train and measure the models that tell them.",
)
app.add_typer(measuring.app, name="evaluate")
app.add_typer(pocket.app, name="pocket")
app.add_typer(story.app, name="story")
app.add_typer(prompting.app, name="prompts")
app.command(epilog="Example: python -m train score --data data/run1 --judge pocket-exact")(preparing.score)
app.command(epilog="Example: python -m train curate --data data/run1 --data data/run2 --out curated")(preparing.curate)
app.command(epilog="Example: python -m train export --format trl --data curated --out exported")(exchanging.export)
app.command("import", epilog="Example: python -m train import --format easyr1 critic_rl.jsonl --out curated")(exchanging.bring_in)
app.command(
    epilog="Example: python -m train sft --role critic --model pocket --data data/curated --out runs/critic --preset pocket"
)(training.sft)
app.command(epilog="Example: python -m train grpo --model runs/critic --data data/curated --out runs/critic-rl --preset pocket")(
    training.grpo
)
app.command(epilog="Example: python -m train merge runs/critic-lora --out runs/critic-merged")(training.merge)
app.command(epilog="Example: python -m train plot runs/critic runs/critic-rl --out curves.svg")(training.plot)
app.command(epilog="Example: python -m train memory --profile klein-4b --card 16")(fitting.memory)

app.command(epilog="Example: python -m train reproduce --out runs/reproduce")(reproducing.reproduce)
app.command(epilog="Example: python -m train push runs/critic --repo me/my-critic --dry-run")(sharing.push)
app.command(epilog="Example: python -m train backup /mnt/backup/studio --data data")(backup.backup)
app.command(epilog="Example: python -m train restore /mnt/backup/studio --data restored")(backup.restore)

PromptFile = Annotated[Path, typer.Option(exists=True, dir_okay=False, show_default=False, help="The prompts, one a line.")]


@app.command(epilog="Example: python -m train collect --prompts prompts.jsonl --data data/run1 --limit 100")
def collect(
    prompts: PromptFile,
    data: Data,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="Profile of the models, or the path of one; may be given several times.", show_default="pocket"),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="Every prompt by every profile, not dealt over them.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many prompts.", show_default="all")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=20, help="Most drawings a step.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Each prompt's own seed follows from this one.")] = 0,
    in_flight: Annotated[int, typer.Option(min=1, help="Stories told at once.")] = 8,
    shard: Annotated[str, typer.Option(help="Only this part of the prompts, such as 2/8: for several machines.")] = "1/1",
    critic: Annotated[
        Literal["profile", "pocket-exact"], typer.Option(help="Who judges: the profile's critic, or the pocket world's checker.")
    ] = "profile",
) -> None:
    """Tell a story for every prompt of a file.

    A line is {"id": "1", "user_input": "A cat finds a balloon"}; "user_input_image" may name a picture beside the file to go
    on from. Lines that can't be used are named on stderr and left out.

    Stopped or killed, it goes on where it was: run the same command again. A prompt is told once for each profile, seed and
    number of attempts; a story that got stuck gets another chance.

    Several profiles share the prompts, so that a critic learns of more than one painter's faults. Each prompt is told by one
    of them, which follows from its id and the seed: about equally many by each, the same ones in every run and shard. With
    --each all of them tell it. One profile's models are in memory at a time, and every story says which profile told it.

    "pocket-exact" is to the pocket world what a far stronger model is to a full-size critic: whom to learn from. It judges by
    the scene programs in the pocket painter's pictures, and can judge no others.

    Shards share no prompt, and together they have all. Each is told into a data folder of its own, by the same story ids as
    in one run; "curate" takes all the folders together.

    The last line on stdout is one JSON object. What the data folder holds for these prompts now: stories, finished, failed
    (stuck), steps, attempts, accepted (steps whose picture the critic accepted), and profiles (stories of each). What this
    run did: generator_calls, critic_calls, seconds.
    """
    from core.profiles import load_profile, require_weights
    from core.types import Policy
    from train.collect import Shard, Share, Terms, deal, read_prompts

    try:
        part = Shard.parse(shard)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--shard") from error
    with plainly():
        models = {named.name: named for named in map(load_profile, profile or ["pocket"])}
        if len(models) < len(profile or models):  # stories tell their profiles by name
            raise typer.BadParameter("two of the profiles have one name", param_hint="--profile")
        complain = _complaining_of(prompts)
        wanted = part.part(read_prompts(prompts, complain)[:limit])
        dealt = dict.fromkeys(models, wanted) if each else deal(wanted, list(models), seed)
        for named in models.values():  # of all of them now, not when the first has told for hours
            require_weights(named)
        policy = Policy(max_attempts=max_attempts)
        shares = [(named, Share(Terms(name, policy, seed), dealt[name])) for name, named in models.items()]
        with owned(data) as store:
            status = tell_all(store, shares, in_flight, complain, critic == "pocket-exact")
    raise typer.Exit(status)


@app.command(epilog="Example: python -m train doctor --data data/run1")
def doctor(data: Data) -> None:
    """Examine a data folder: every row has its picture, every picture its content, every story its facts.

    Changes nothing, and may run while the studio does. The exit status is 1 if something is wrong.
    """
    from rich.console import Console
    from rich.progress import track

    from train.doctor import examine

    with plainly():
        console = Console(stderr=True)
        report = examine(data, lambda ids: track(list(ids), "Examining", console=console, transient=True))
    raise typer.Exit(show_report(report))


def tell_all(
    store: Store, shares: Sequence[tuple[Profile, Share]], in_flight: int, complain: Complain, exact: bool = False
) -> int:
    """Collects under a progress bar, prints the JSON line, and returns the exit status. ``exact``: the exact critic judges."""
    from train.collect import Calls, Totals

    started, calls = time.monotonic(), Calls()
    stopped = _tell(store, shares, in_flight, calls, complain, exact)
    if stopped:
        typer.secho("Stopped; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
    held = {share.terms.profile: share.totals(store) for _, share in shares}
    profiles = {name: totals.stories for name, totals in held.items()}
    made = {"generator_calls": calls.generator, "critic_calls": calls.critic, "seconds": round(time.monotonic() - started, 3)}
    typer.echo(json.dumps(asdict(sum(held.values(), Totals())) | {"profiles": profiles} | made))
    return INTERRUPTED if stopped else 0


def _tell(
    store: Store, shares: Sequence[tuple[Profile, Share]], in_flight: int, calls: Calls, complain: Complain, exact: bool
) -> bool:
    """Tells the shares one after another; whether it was interrupted."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), TimeRemainingColumn())
    with interruptible() as stop, Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=sum(len(share.prompts) for _, share in shares))

        def left_out(line: int, why: str) -> None:
            complain(line, why)
            progress.advance(bar)

        for models, share in shares:
            whose = f"{models.name}: " if len(shares) > 1 else ""
            with closing(_telling(store, models, share, in_flight, calls, left_out, exact)) as rested:
                for stories in rested:
                    shown = f"{whose}{calls.generator} drawings, {calls.critic} verdicts"
                    progress.update(bar, advance=stories, description=shown)
                    if stop.is_set():
                        return True
    return False


def _telling(
    store: Store, models: Profile, share: Share, in_flight: int, calls: Calls, complain: Complain, exact: bool
) -> Generator[int, None, None]:
    """Tells one share; yields, as things happen, how many of its stories came to rest. Its models are loaded only if needed."""
    from core.cluster import find_agents
    from core.settings import Settings
    from core.store import StoryCard
    from train.collect import Collection

    if share.told(store):
        yield len(share.prompts)
        return
    gc.collect()  # the memory of the models before is free before these need it
    settings = Settings()
    agents = find_agents(models, settings.ray, settings.ray_pools)
    if exact:
        from train.pocket.teacher import ExactCritic

        agents = replace(agents, critic=ExactCritic())
    collection = Collection(store, agents, share.prompts, share.terms, in_flight, calls)
    with closing(collection.tell(complain)) as seen:
        for what in seen:
            yield isinstance(what, StoryCard)


def _complaining_of(file: Path) -> Complain:
    return lambda line, why: typer.echo(f"{file.name}, line {line}, is left out: {why}", err=True)
