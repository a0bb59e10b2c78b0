"""What is run to reproduce the method on the pocket models: collecting, training, ablations and controls, as tasks.

The strong critic of the data is the exact checker, as Gemini is in the paper. The critic that learns is the packed one, taught
on made-up faults: it plays the zero-shot model. That a model learns its format from nothing is shown on a blank planner and
an untrained critic beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.profiles import ASSETS
from train.reproducing.tasks import Task

CLUMSY = Path("train/pocket/clumsy.toml")  # from where "python -m train" is run, so that a task is the same on every machine
SEEDS = (0, 1, 2)
ONCE = "plan-0"  # the run whose plans all others tell
ANSWERS = 200  # of an annotator
VERDICTS_OF = ("zero-0", *(f"sft-{seed}" for seed in SEEDS))  # the runs on whose attempts verdicts are measured
ATTEMPTS, DRAWS = 600, 4  # where rewards are measured: held-out attempts, and pictures of each refined prompt
WARMTH = 1.2  # of the replies that GRPO learns from: at the usual one, nearly all of a group are alike
ASKED = 4  # replies to an attempt that show whether there is anything to learn from it


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    stories: int = 1200
    requests: int = 120
    sft_epochs: float = 2
    sft_rate: float = 2e-4
    grpo_steps: int = 120
    grpo_rate: float = 1e-4
    first_epochs: float = 4  # from nothing
    first_rate: float = 1e-3
    attempts: int = 5


@dataclass(frozen=True)
class Measured:
    """One row of the results: the runs of ``evaluate pocket`` that it is the mean of, and what it is called there."""

    title: str
    runs: tuple[str, ...]
    note: str = ""


ROWS = (
    Measured("painter alone", ("alone",), "the request is the prompt"),
    Measured("untrained planner and critic", ("untrained",), "random planner; the critic has never judged"),
    Measured("both after SFT from there", ("first",), "the format, from nothing"),
    Measured("planner, each step once (T_max 1)", (ONCE,), "no critic"),
    Measured("+ critic, zero-shot", ("zero-0",), "taught on made-up faults only"),
    Measured("+ critic SFT", tuple(f"sft-{seed}" for seed in SEEDS)),
    Measured("+ critic SFT, and P(success) of 0.9 or more", ("strict-0",), "strictness without training"),
    Measured("+ critic SFT, unfiltered data", ("unfiltered-0",)),
    Measured("+ GRPO", tuple(f"grpo-{seed}" for seed in SEEDS), "the whole method, T_max 5"),
    Measured("+ GRPO without the step-wise reward", ("no-step-0",)),
    Measured("+ GRPO without the accuracy reward", ("no-accuracy-0",)),
    Measured("the whole method, T_max 3", ("t3-0",)),
    Measured("control: best of 5", ("best-0",), "same prompt, the critic chooses"),
    Measured("control: same prompt, new seeds", ("reseed-0",), "verdicts count, prompts do not"),
    Measured("control: prompts rewritten unseen", ("rewrite-0",), "each step once"),
)


def profile_text(planner: Path, critic: Path) -> str:
    """A profile of these two with the clumsy painter."""
    return "\n".join(
        (
            'title = "Reproduction"',
            'description = "Agents under test, with the clumsy pocket painter."',
            'licence = "Apache-2.0"',
            "memory_gb = 0",
            'prompts = "pocket"',
            f'[planner]\nmodel = "{planner.resolve()}"',
            f'[critic]\nmodel = "{critic.resolve()}"',
            f'[painter]\nkind = "scene"\nmodel = "{(ASSETS / "pocket" / "painter").resolve()}"\nside = 192\ntemperature = 1.2',
            "",
        )
    )


def write_profiles(out: Path) -> None:
    """A profile for each pair of agents; a folder that it names need not be there yet."""
    packed = ASSETS / "pocket"
    pairs = {
        "zero": (packed / "planner", packed / "critic"),
        "untrained": (out / "untrained" / "planner", out / "untrained" / "critic"),
        "untrained-critic": (packed / "planner", out / "untrained" / "critic"),
        "first": (out / "first-planner", out / "first-critic"),
        **{name: (packed / "planner", out / name) for name in ("sft", "unfiltered", "no-step", "no-accuracy")},
        **{f"grpo-{seed}": (packed / "planner", out / f"grpo-{seed}") for seed in SEEDS},
    }
    (out / "profiles").mkdir(parents=True, exist_ok=True)
    for name, pair in pairs.items():
        (out / "profiles" / f"{name}.toml").write_text(profile_text(*pair), encoding="utf-8")


def tasks(out: Path, scale: Scale) -> Iterator[Task]:
    """All tasks, in an order in which each could be run, and what matters most first."""
    yield from _data(out, scale)
    yield from _method(out, scale)
    yield from _controls(out, scale)
    yield from _ablations(out, scale)
    yield from _first(out, scale)
    yield from _annotated(out, scale)


def _data(out: Path, scale: Scale) -> Iterator[Task]:
    prompts = str(out / "prompts.jsonl")
    yield Task("prompts", ("prompts", "build", "--pocket", "--count", str(scale.stories), "--out", prompts))
    shards = []
    for number in (1, 2):
        data = str(out / f"stories-{number}")
        shards.append(data)
        words = ("--prompts", prompts, "--data", data, "--profile", str(CLUMSY), "--critic", "pocket-exact")
        yield Task(f"collect-{number}", ("collect", *words, "--shard", f"{number}/2", "--in-flight", "16"), ("prompts",))
        yield Task(f"score-{number}", ("score", "--data", data, "--judge", "pocket-exact"), (f"collect-{number}",))
    both = tuple(word for data in shards for word in ("--data", data))
    # More rows than the paper's for RL: those that a critic has no doubt about are of no use to it, and are two of three.
    usual = ("--pack", "pocket", "--validation", "0.1", "--balance", "2", "--sft-to-rl", "0.5")
    scored = ("score-1", "score-2")
    yield Task("curate", ("curate", *both, "--out", str(out / "curated"), *usual), scored)
    yield Task("curate-unfiltered", ("curate", *both, "--out", str(out / "unfiltered-data"), *usual, "--high", "0"), scored)


def _method(out: Path, scale: Scale) -> Iterator[Task]:
    """The critic at each stage, with its stories and its rewards."""
    yield _evaluated(out, scale, ONCE, "zero", "plan", 0, ())
    yield _evaluated(out, scale, "zero-0", "zero", "none", 0, (ONCE,))
    yield _learned(out, scale, "sft", "curated", "curate")
    yield _undecided(out)
    for seed in SEEDS:
        yield _reinforced(out, scale, f"grpo-{seed}", seed)
    for seed in SEEDS:
        yield _evaluated(out, scale, f"sft-{seed}", "sft", "none", seed, ("sft", ONCE))
        yield _evaluated(out, scale, f"grpo-{seed}", f"grpo-{seed}", "none", seed, (f"grpo-{seed}", ONCE))
    yield from _held_out(out)
    for name in ("zero", "sft", *(f"grpo-{seed}" for seed in SEEDS)):
        yield _rewarded(out, name)


def _controls(out: Path, scale: Scale) -> Iterator[Task]:
    yield _evaluated(out, scale, "alone", "zero", "alone", 0, ())
    for control, name in (("best-of-n", "best-0"), ("reseed", "reseed-0"), ("rewrite", "rewrite-0")):
        yield _evaluated(out, scale, name, "grpo-0", control, 0, ("grpo-0", ONCE))
    strict = _evaluated(out, scale, "strict-0", "sft", "none", 0, ("sft", ONCE))
    yield replace(strict, words=(*strict.words, "--threshold", "0.9"))


def _ablations(out: Path, scale: Scale) -> Iterator[Task]:
    yield _evaluated(out, replace(scale, attempts=3), "t3-0", "grpo-0", "none", 0, ("grpo-0", ONCE))
    for part in ("step", "accuracy"):
        yield _reinforced(out, scale, f"no-{part}", 0, ("--without", part))
    yield _learned(out, scale, "unfiltered", "unfiltered-data", "curate-unfiltered")
    for name in ("no-step", "no-accuracy", "unfiltered"):
        yield _evaluated(out, scale, f"{name}-0", name, "none", 0, (name, ONCE))
    yield _rewarded(out, "no-step")
    yield _rewarded(out, "no-accuracy")


def _first(out: Path, scale: Scale) -> Iterator[Task]:
    """A blank planner and an untrained critic learn their formats."""
    for role, blank in (("planner", ("--blank",)), ("critic", ())):
        start = str(out / "untrained" / role)
        yield Task(f"untrained-{role}", ("pocket", "untrained", role, "--out", start, *blank))
        words = ("sft", "--role", role, "--model", start, "--data", str(out / "curated"), "--out", str(out / f"first-{role}"))
        words += ("--preset", "pocket", "--epochs", f"{scale.first_epochs:g}", "--rate", f"{scale.first_rate:g}")
        yield Task(f"first-{role}", words, ("curate", f"untrained-{role}"))
    small = replace(scale, requests=max(10, scale.requests // 8))
    yield _evaluated(out, small, "untrained", "untrained", "none", 0, ("untrained-planner", "untrained-critic"))
    # The critic of those is never asked, for want of a plan: how many of its replies can be read is seen with another's plans.
    yield _evaluated(out, small, "untrained-critic", "untrained-critic", "none", 0, ("untrained-critic", ONCE))
    yield _evaluated(out, scale, "first", "first", "none", 0, ("first-planner", "first-critic"))


def _annotated(out: Path, scale: Scale) -> Iterator[Task]:
    """A critic learns from its own verdicts, and from the same ones as an annotator corrected them."""
    stories = str(out / "own")
    words = ("--prompts", str(out / "prompts.jsonl"), "--data", stories, "--profile", str(CLUMSY), "--shard", "1/6")
    yield Task("collect-own", ("collect", *words, "--in-flight", "16"), ("prompts",))
    usual = ("curate", "--data", stories, "--pack", "pocket", "--validation", "0", "--balance", "0")
    yield Task("curate-own", (*usual, "--out", str(out / "own-curated")), ("collect-own",))
    yield Task("annotate", ("pocket", "annotate", "--data", stories, "--count", str(ANSWERS)), ("curate-own",))
    yield Task("curate-annotated", (*usual, "--reviewed-only", "--out", str(out / "annotated-curated")), ("annotate",))
    # As many steps for both: the annotated rows are fewer, and come more often.
    yield _learned(out, scale, "own-sft", "own-curated", "curate-own")
    yield _learned(out, replace(scale, sft_epochs=3 * scale.sft_epochs), "annotated-sft", "annotated-curated", "curate-annotated")
    yield from _judged(out)


def _judged(out: Path) -> Iterator[Task]:
    """Verdicts alone are measured on the attempts of several runs of the benchmark: they are many, and quick."""
    data = tuple(word for run in VERDICTS_OF for word in ("--data", str(out / "measured" / run / "stories")))
    for run in VERDICTS_OF[1:]:
        stories = str(out / "measured" / run / "stories")
        yield Task(f"score-{run}", ("score", "--data", stories, "--judge", "pocket-exact"), (f"e-{run}",))
    words = ("curate", *data, "--out", str(out / "verdicts"), "--pack", "pocket", "--validation", "0", "--truth", "score")
    words += ("--pass-score", "10", "--high", "0", "--balance", "0", "--sft-to-rl", "0")
    yield Task("curate-verdicts", words, ("score-held-out", *(f"score-{run}" for run in VERDICTS_OF[1:])))
    for name, model in (("zero", "pocket"), *((name, str(out / name)) for name in ("own-sft", "annotated-sft"))):
        words = ("evaluate", "rewards", "--model", model, "--data", str(out / "verdicts"), "--split", "train")
        words += ("--painter", str(CLUMSY), "--replies", "1", "--draws", "0", "--out", str(out / f"verdicts-{name}.json"))
        needs = ("curate-verdicts",) if name == "zero" else ("curate-verdicts", name)
        yield Task(f"verdicts-{name}", words, needs)


def _learned(out: Path, scale: Scale, name: str, data: str, need: str) -> Task:
    words = ("sft", "--role", "critic", "--model", "pocket", "--data", str(out / data), "--out", str(out / name))
    words += ("--preset", "pocket", "--epochs", f"{scale.sft_epochs:g}", "--rate", f"{scale.sft_rate:g}")
    return Task(name, words, (need,))


def _undecided(out: Path) -> Task:
    """Which attempts the critic judges now rightly, now wrongly: from the others its verdict learns nothing."""
    words = ("evaluate", "rewards", "--model", str(out / "sft"), "--data", str(out / "curated"), "--split", "train")
    words += ("--painter", str(CLUMSY), "--replies", str(ASKED), "--draws", "0", "--temperature", str(WARMTH))
    return Task("undecided", (*words, "--out", str(out / "undecided.json")), ("sft", "curate"))


def _reinforced(out: Path, scale: Scale, name: str, seed: int, more: tuple[str, ...] = ()) -> Task:
    words = ("grpo", "--model", str(out / "sft"), "--data", str(out / "curated"), "--preset", "pocket")
    words += ("--undecided", str(out / "undecided.json"), "--temperature", str(WARMTH), "--reward", "even", "--loss", "dr_grpo")
    words += ("--painter", str(CLUMSY), "--steps", str(scale.grpo_steps), "--rate", f"{scale.grpo_rate:g}", "--epochs", "9")
    return Task(name, (*words, "--out", str(out / name), "--seed", str(seed), *more), ("undecided",))


def _held_out(out: Path) -> Iterator[Task]:
    """Rewards are measured on the attempts of a run of the benchmark, whose requests nobody is trained on."""
    stories, data = str(out / "measured" / "zero-0" / "stories"), str(out / "held-out")
    yield Task("score-held-out", ("score", "--data", stories, "--judge", "pocket-exact"), ("e-zero-0",))
    words = ("curate", "--data", stories, "--out", data, "--pack", "pocket", "--validation", "0", "--truth", "score")
    words += ("--pass-score", "10", "--high", "0", "--balance", "0", "--sft-to-rl", "0")  # whatever was drawn
    yield Task("curate-held-out", words, ("score-held-out",))


def _rewarded(out: Path, name: str) -> Task:
    model = "pocket" if name == "zero" else str(out / name)
    words = ("evaluate", "rewards", "--model", model, "--data", str(out / "held-out"), "--split", "train")
    words += ("--painter", str(CLUMSY), "--limit", str(ATTEMPTS), "--replies", "1", "--draws", str(DRAWS))
    needs = ("curate-held-out",) if name == "zero" else ("curate-held-out", name)
    return Task(f"rewards-{name}", (*words, "--out", str(out / f"rewards-{name}.json")), needs)


def _evaluated(out: Path, scale: Scale, name: str, profile: str, control: str, seed: int, needs: tuple[str, ...]) -> Task:
    words = ("evaluate", "pocket", "--profile", str(out / "profiles" / f"{profile}.toml"), "--control", control)
    words += ("--limit", str(scale.requests), "--seed", str(seed), "--max-attempts", str(scale.attempts))
    words += ("--out", str(out / "measured" / name))
    needed = tuple(f"e-{need}" if need == ONCE else need for need in needs)
    if ONCE in needs:
        words += ("--plans-of", str(out / "measured" / ONCE))
    return Task(f"e-{name}", words, needed)
