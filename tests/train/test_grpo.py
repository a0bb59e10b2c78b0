"""GRPO rewards replies as the formulas say, learns nothing from what was not scored, and goes on after any death."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image as images
from PIL.Image import Image
from typer.testing import CliRunner

from core.backends.vlm import load_vlm
from core.dialect import critic_messages, parse_verdict, verdict_reply
from core.errors import AgentError
from core.ports import DrawCase, JudgeCase, Results, Score, Stream
from core.types import Verdict
from tests.train.curated_rows import COLOURS, RL, canvas, curated, rl_row, wavering_critic, write
from train.cli import app
from train.grpo import GrpoRun, Trainer, configuration, grpo, read_rows, trainer_of
from train.models import load_trainable
from train.pocket.examples import pack
from train.presets import GRPO as PRESETS
from train.redrawing import Redrawer, RewardError
from train.rewards import CODE, KEPT, PAPER, marks
from train.rollouts import Log
from train.runs import METRICS, RunError, last_checkpoint, read_lines, step_of
from train.scoring import Scorer

QUICK = replace(PRESETS["pocket"], prompts=2, group=4, update=8, per_device=8, rate=1e-3, reply=40, keep_every=2, cutoff=400)
NEVER = threading.Event()


@dataclass
class Colourist:
    """Paints the colour that a prompt ends with, so that asking for the right one mends every picture. Dies after ``calls``."""

    calls: int = 10**9
    name: str = "colourist"
    cases: int = 0

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        self.calls -= 1
        if self.calls < 0:
            raise AgentError("the connection is gone")
        self.cases += len(cases)
        return [self._draw(case) for case in cases]
        yield

    def _draw(self, case: DrawCase) -> Image | AgentError:
        *_, colour = ["", *case.prompt.rstrip(".").split()]  # a reply may ask for nothing at all
        return canvas(colour) if colour in COLOURS else AgentError(f"{case.prompt!r} names no colour.")


class Fickle(Colourist):
    """Does as it is asked with odd seeds only."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds: list[int] = []

    def _draw(self, case: DrawCase) -> Image | AgentError:
        self.seeds.append(case.seed)
        return super()._draw(case) if case.seed % 2 else canvas("blue")


class Eye:
    """10 for the colour that was asked for, 2 for another."""

    name = "eye"

    def score(self, cases: list[JudgeCase]) -> Stream[Results[Score]]:
        return [Score(10.0 if _same(case) else 2.0, 8.0) for case in cases]
        yield


def _same(case: JudgeCase) -> bool:
    return case.after.tobytes() == canvas(case.prompt.rstrip(".").split()[-1]).tobytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return curated(tmp_path_factory.mktemp("curated"))


@pytest.fixture(scope="module")
def critic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wavering_critic().save(tmp_path_factory.mktemp("critic"))


@pytest.fixture
def run(data: Path, critic: Path, tmp_path: Path) -> GrpoRun:
    return GrpoRun(str(critic), data, tmp_path / "out", QUICK, steps=4)


@pytest.fixture
def redrawer() -> Redrawer:
    return Redrawer(Colourist(), Eye())


def rollouts(out: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((out / "rollouts").glob("*.jsonl")):
        yield from read_lines(path)


def curve(out: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if k != "at" and "time" not in k} for line in read_lines(out / METRICS)]


# ---------------------------------------------------------------- one batch of rewards


def reply(accepted: bool, refined: str = "Paint it red.") -> str:
    return verdict_reply(Verdict(accepted=accepted, thought="Seen.", refined_prompt=refined), "Paint it.")


@dataclass
class State:
    global_step: int = 0


def scored(scorer: Scorer, replies: list[str], rows: list[dict[str, Any]]) -> tuple[list[float | None], dict[str, float]]:
    said: dict[str, float] = {}
    columns = {name: [row[name] for row in rows] for name in RL if name != "prompt"}
    completions = [[{"role": "assistant", "content": text}] for text in replies]
    rewards = scorer(completions=completions, trainer_state=State(), log_metric=said.__setitem__, **columns)
    return rewards, said


@pytest.mark.parametrize("weights", [PAPER, CODE])
def test_each_reply_earns_what_the_formula_says(weights: Any, redrawer: Redrawer, tmp_path: Path) -> None:
    replies = [reply(True), reply(False), reply(False, "Paint it blue."), "no answer"]
    scorer = Scorer(weights, redrawer, 4, Log(tmp_path, 0))
    rewards, _ = scored(scorer, replies, [rl_row("red", "blue")] * 4)
    before = Score(2.0, 8.0)
    accepted, refused = parse_verdict(replies[0]), parse_verdict(replies[1])
    assert rewards == [
        marks(accepted, False, before, KEPT, weights).reward,
        marks(refused, False, before, [Score(10.0, 8.0)], weights).reward,
        marks(refused, False, before, [Score(2.0, 8.0)], weights).reward,
        marks(None, False, before, KEPT, weights).reward,
    ]
    assert rewards[1] == max(reward for reward in rewards if reward is not None)


def test_nothing_is_drawn_where_the_truth_is_success_and_one_prompt_once_a_group(tmp_path: Path) -> None:
    painter = Colourist()
    scorer = Scorer(PAPER, Redrawer(painter, Eye()), 2, Log(tmp_path, 0))
    rows = [rl_row("red", "red")] * 2 + [rl_row("red", "blue")] * 2
    _, said = scored(scorer, [reply(False)] * 4, rows)
    assert painter.cases == 1
    assert said["samples/redrawn"] == 0.5


def test_a_prompt_is_drawn_with_as_many_seeds_as_is_said_and_its_reply_earns_their_mean(tmp_path: Path) -> None:
    painter = Fickle()
    scorer = Scorer(PAPER, Redrawer(painter, Eye()), 2, Log(tmp_path, 0), draws=4)
    rewards, _ = scored(scorer, [reply(False)] * 2, [rl_row("red", "blue")] * 2)
    assert len(painter.seeds) == len(set(painter.seeds)) == 4
    before, refused = Score(2.0, 8.0), parse_verdict(reply(False))
    drawn = [Score(10.0, 8.0) if seed % 2 else Score(2.0, 8.0) for seed in painter.seeds]
    assert rewards == [marks(refused, False, before, drawn, PAPER).reward] * 2


def test_what_could_not_be_scored_has_no_reward_and_is_counted(redrawer: Redrawer, tmp_path: Path) -> None:
    scorer = Scorer(PAPER, redrawer, 2, Log(tmp_path, 0))
    rows = [rl_row("red", "blue")] * 2 + [rl_row("red", "blue", semantics=None)] * 2
    rewards, said = scored(scorer, [reply(False, "Paint it."), reply(True), reply(False), reply(True)], rows)
    assert [reward is None for reward in rewards] == [True, False, True, False]
    assert (said["samples/unscored"], said["groups/degenerate"]) == (0.5, 1.0)
    told = list(rollouts(tmp_path))
    assert "names no colour" in told[0]["why"]
    assert "no recorded score" in told[2]["why"]


def test_an_empty_current_prompt_is_the_steps_own(redrawer: Redrawer, tmp_path: Path) -> None:
    scorer = Scorer(PAPER, redrawer, 1, Log(tmp_path, 0))
    row = rl_row("red", "blue") | {"current_prompt": ""}
    rewards, _ = scored(scorer, [verdict_reply(Verdict(accepted=False, thought="Seen."), "")], [row])
    assert rewards == [pytest.approx(0.5 + 0.4 * ((10 * 8) ** 0.5 - (2 * 8) ** 0.5) / 10)]


# ---------------------------------------------------------------- whole runs


def test_a_run_logs_its_rollouts_and_its_model_loads(run: GrpoRun, redrawer: Redrawer) -> None:
    result = grpo(run, redrawer, NEVER)
    assert result is not None
    assert result["steps"] == 4
    lines = list(rollouts(run.out))
    assert len(lines) == 4 * QUICK.prompts * QUICK.group
    assert {line["step"] for line in lines} == {1, 2, 3, 4}
    assert any(line["pictures"].get("redrawn") for line in lines)
    assert all((run.out / "rollouts" / name).is_file() for line in lines for name in line["pictures"].values())
    for step, line in enumerate(curve(run.out), start=1):
        earned = [line["marks"]["reward"] for line in lines if line["step"] == step]
        kept = [reward for reward in earned if reward is not None]
        assert line["reward"] == pytest.approx(sum(kept) / len(kept), abs=1e-4)
        assert {"samples/unscored", "groups/degenerate", "parts/format/mean", "entropy"} <= line.keys()
    assert load_vlm(str(run.out)).checkpoint.name.startswith("out@")


def test_rewards_rise(run: GrpoRun, redrawer: Redrawer) -> None:
    longer = replace(run, steps=32, preset=replace(QUICK, prompts=4, group=8, update=32, per_device=32, keep_every=32))
    assert grpo(longer, redrawer, NEVER) is not None
    rewards = [line["reward"] for line in curve(run.out)]
    assert sum(rewards[-8:]) / 8 > sum(rewards[:8]) / 8 + 0.03


def test_a_killed_run_goes_on_with_the_same_rewards(run: GrpoRun, redrawer: Redrawer, tmp_path: Path) -> None:
    from tests.train.test_sft import Death

    whole = replace(run, out=tmp_path / "whole" / "out")
    grpo(whole, redrawer, NEVER)
    with pytest.raises(SystemExit):
        grpo(run, redrawer, Death(3))
    assert (found := last_checkpoint(run.out)) is not None
    assert step_of(found) == 2
    assert grpo(run, redrawer, NEVER) is not None
    assert curve(run.out) == curve(whole.out)
    assert list(rollouts(run.out)) == list(rollouts(whole.out))


def test_a_checkpoint_that_is_asked_for_is_made_where_the_run_can_go_on_from(
    run: GrpoRun, redrawer: Redrawer, tmp_path: Path
) -> None:
    """Two steps learn from the same replies: asked for in the first of them, it is made after the second."""
    from tests.train.test_sft import Asks, kept

    twice = replace(run, steps=6, preset=replace(QUICK, update=4, per_device=4, keep_every=100))
    assert twice.updates == 2
    whole = replace(twice, out=tmp_path / "whole" / "out")
    grpo(whole, redrawer, NEVER)
    asks = Asks(twice.out, looks=1)  # it looks where a step's number is even: the request comes at the second
    assert grpo(twice, redrawer, asks) is not None
    assert kept(twice.out) == {4, 6}
    assert curve(twice.out) == curve(whole.out)


def test_a_painter_that_dies_stops_the_run_where_it_goes_on_from(run: GrpoRun) -> None:
    with pytest.raises(RewardError, match=r"colourist failed: the connection is gone Step [123] is kept"):
        grpo(run, Redrawer(Colourist(calls=1), Eye()), NEVER)
    assert (found := last_checkpoint(run.out)) is not None
    kept = curve(run.out)
    assert kept[-1]["step"] == step_of(found)
    assert grpo(run, Redrawer(Colourist(), Eye()), NEVER) is not None
    assert curve(run.out)[: len(kept)] == kept
    assert curve(run.out)[-1]["step"] == 4


def test_successes_are_asked_about_as_often_as_failures_unless_one_says_otherwise(run: GrpoRun, tmp_path: Path) -> None:
    rows = [rl_row("red", "red")] + [rl_row("red", "blue")] * 4
    write(tmp_path / "data" / "critic_rl" / "train-00000.parquet", rows, RL)
    model = load_trainable(run.model, "float32")
    uneven = replace(run, data=tmp_path / "data", preset=replace(run.preset, even=False))
    assert sorted(read_rows(uneven, model)["truth"]) == [False] * 4 + [True]
    even = replace(uneven, preset=replace(run.preset, even=True))
    assert sorted(read_rows(even, model)["truth"]) == [False] * 4 + [True] * 4


def built(run: GrpoRun, redrawer: Redrawer | None) -> Trainer:
    model = load_trainable(run.model, "float32")
    return trainer_of(run, configuration(run), model, read_rows(run, model), redrawer)


class Blind(Eye):
    """Scores nothing."""

    def score(self, cases: list[JudgeCase]) -> Stream[Results[Score]]:
        return [AgentError("It is dark.") for _ in cases]
        yield


@pytest.mark.parametrize("kl", [0.0, 0.1])
def test_a_sample_that_was_not_scored_gives_no_gradient(run: GrpoRun, kl: float, tmp_path: Path) -> None:
    """Neither by its advantage, nor by the KL term: alone in its batch, it leaves all weights as they were."""
    rows = [rl_row("red", "blue", semantics=None) | {"truth": False}] * 2
    write(tmp_path / "dark" / "critic_rl" / "train-0.parquet", rows, RL)
    dark = replace(run, data=tmp_path / "dark", preset=replace(QUICK, kl=kl))
    trainer = built(dark, Redrawer(Colourist(), Blind()))
    trainer.scorer = Unscored(trainer.scorer)
    trainer.reward_funcs = [trainer.scorer]
    batch = trainer._prepare_inputs([row for row in trainer.train_dataset for _ in range(4)])
    trainer.current_gradient_accumulation_steps = 1
    loss = trainer.compute_loss(trainer.model.train(), batch)
    assert batch["tool_mask"].sum() == 0
    loss.backward()
    assert not any(weight.grad is not None and weight.grad.any() for weight in trainer.model.parameters())


class Unscored:
    """The scorer, but that no sample is scored."""

    __name__ = "total"

    def __init__(self, scorer: Scorer) -> None:
        self.inner = scorer
        self.scored: list[bool] = []

    def __call__(self, **batch: Any) -> list[float | None]:
        self.scored = [False] * len(batch["completions"])
        return [None] * len(self.scored)


def test_prompts_are_padded_on_the_left(run: GrpoRun) -> None:
    assert built(replace(run, without_part="step"), None).processing_class.tokenizer.padding_side == "left"


@pytest.mark.parametrize("loss", ["grpo", "dapo", "dr_grpo", "gspo"])
def test_every_kind_of_loss_takes_a_step(run: GrpoRun, redrawer: Redrawer, loss: Any) -> None:
    assert grpo(replace(run, steps=1, preset=replace(QUICK, loss=loss)), redrawer, NEVER) is not None


def test_without_the_step_reward_no_painter_is_needed(run: GrpoRun) -> None:
    assert grpo(replace(run, steps=1, without_part="step"), None, NEVER) is not None
    assert all("redrawn" not in line["pictures"] for line in rollouts(run.out))


def test_too_few_attempts_are_an_error_that_says_so(run: GrpoRun) -> None:
    with pytest.raises(RunError, match="takes 6 attempts; critic_rl has 4"):
        grpo(replace(run, preset=replace(QUICK, prompts=6)), None, NEVER)


def test_lora_learns_an_adapter(run: GrpoRun, redrawer: Redrawer) -> None:
    assert grpo(replace(run, steps=1, preset=replace(QUICK, lora=4, kl=0.01)), redrawer, NEVER) is not None
    assert "base_model_name_or_path" in json.loads((run.out / "adapter_config.json").read_text())
    assert torch.cuda.is_available() or not list(run.out.glob("model*.safetensors"))


# ---------------------------------------------------------------- the command, with the models that ship


def pocket_rows() -> list[dict[str, Any]]:
    """Two attempts at a cat, drawn by the renderer: the first is brown where it should be orange."""
    from core.pictures import encoded
    from core.pocket.render import render
    from core.pocket.world import parse_program

    prompt = "Paint a meadow with one big orange cat on the left."
    rows = []
    for colour in ("brown", "orange"):
        scene = parse_program(f"meadow 1 day clear; left: one big {colour} cat")
        picture = render(scene, 96)
        picture.info["program"] = scene.program()
        row = rl_row("red", "red") | {"step_prompt": prompt, "current_prompt": prompt, "truth": colour == "orange"}
        row["prompt"] = critic_messages(pack(), prompt, prompt)
        blank = images.new("RGB", (96, 96), "white")
        row["images"] = [{"bytes": encoded(each), "path": None} for each in (blank, picture)]
        rows.append(row)
    return rows


def test_the_command_draws_again_with_the_pocket_painter_and_scores_exactly(tmp_path: Path) -> None:
    write(tmp_path / "data" / "critic_rl" / "train-00000.parquet", pocket_rows(), RL)
    asked = ["grpo", "--model", "pocket", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--preset", "pocket"]
    asked += ["--prompts", "2", "--group", "4", "--steps", "1", "--reward", "code"]
    planned = CliRunner().invoke(app, [*asked, "--dry-run"])
    assert planned.exit_code == 0, planned.output
    assert json.loads(planned.stdout)["rows"] == 2
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["unscored"] == 0
    lines = list(rollouts(tmp_path / "out"))
    assert all(line["marks"]["format"] == 1.0 for line in lines)
    drawn = [line for line in lines if "redrawn" in line["pictures"]]
    assert drawn
    assert all(not line["truth"] and not line["accepted"] for line in drawn)


def test_attempts_that_fill_no_update_are_refused(run: GrpoRun) -> None:
    asked = ["grpo", "--model", run.model, "--data", str(run.data), "--out", str(run.out), "--prompts", "9", "--group", "9"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert "whole updates" in done.stderr
