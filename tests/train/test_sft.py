"""SFT learns the reply and nothing else, goes on after a kill as if nothing had been, and leaves a model that answers."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerControl, TrainerState
from typer.testing import CliRunner

from core.backends.vlm import VlmCritic, load_vlm
from core.ports import JudgeCase
from core.types import Verdict
from tests.core.backends.streams import drain
from tests.train.curated_rows import COLOURS, SFT, canvas, curated, sft_row, small_critic, verdict, write
from train import watching
from train.cli import app
from train.models import merge
from train.pocket.examples import pack
from train.presets import SFT as PRESETS
from train.runs import METRICS, SAVE, RunError, last_checkpoint, read_lines, step_of
from train.sft import SftRun, configuration, read_rows, sft, trainer_of
from train.watching import Save

QUICK = replace(PRESETS["pocket"], batch=4, per_device=4, rate=1e-2, keep_every=4)
NEVER = threading.Event()


class Death(threading.Event):
    """Kills whoever asks for the ``calls``-th time, which is after that many steps."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.left = calls

    def is_set(self) -> bool:
        self.left -= 1
        if not self.left:
            raise SystemExit("killed")
        return False


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return curated(tmp_path_factory.mktemp("curated"))


@pytest.fixture(scope="module")
def critic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_critic().save(tmp_path_factory.mktemp("critic"))


@pytest.fixture
def run(data: Path, critic: Path, tmp_path: Path) -> SftRun:
    return SftRun("critic", str(critic), data, tmp_path / "out", QUICK, train_sight=True, steps=10)


def curve(out: Path) -> list[dict[str, Any]]:
    return [{name: value for name, value in line.items() if name != "at"} for line in read_lines(out / METRICS)]


def answer(model: str, asked: str, seen: str, adapter: str | None = None) -> Verdict:
    prompt = f"Paint it {asked}."
    case = JudgeCase(canvas("white"), canvas(seen), prompt, prompt, 0)
    vlm = load_vlm(model, adapter=adapter, temperature=0.0, max_new_tokens=60)
    _, (told,) = drain(VlmCritic(vlm, pack()).judge([case]))
    assert isinstance(told, Verdict), told
    return told


def test_a_critic_that_learned_its_rows_answers_them_from_its_folder(run: SftRun) -> None:
    result = sft(replace(run, steps=150, preset=replace(QUICK, keep_every=50)), NEVER)
    assert result is not None
    assert result["last_loss"] < 0.1 < 3 < result["first_loss"]
    for asked in COLOURS:
        for seen in COLOURS:
            told, wanted = answer(str(run.out), asked, seen), verdict(asked, seen)
            assert (told.accepted, told.thought, told.refined_prompt) == (wanted.accepted, wanted.thought, wanted.refined_prompt)
    assert not [path.name for path in run.out.iterdir() if path.suffix in {".bin", ".pt", ".pth", ".pkl"}]
    assert json.loads((run.out / "run.json").read_text())["config"]["preset"]["rate"] == QUICK.rate


def test_a_killed_run_goes_on_with_the_same_losses(run: SftRun, tmp_path: Path) -> None:
    whole = replace(run, out=tmp_path / "whole" / "out")
    result = sft(whole, NEVER)
    with pytest.raises(SystemExit):
        sft(run, Death(7))
    assert [step_of(path) for path in [last_checkpoint(run.out)] if path] == [4]
    assert curve(run.out)[-1]["step"] > 4  # what came after the checkpoint is made again, not told twice
    resumed = sft(run, NEVER)
    assert curve(run.out) == curve(whole.out)
    timing = {"seconds", "steps_per_second"}
    assert result is not None
    assert resumed is not None
    assert {k: v for k, v in resumed.items() if k not in timing} == {k: v for k, v in result.items() if k not in timing}


def test_a_stopped_run_keeps_its_last_step_and_is_no_model_yet(run: SftRun) -> None:
    stop = threading.Event()
    stop.set()
    assert sft(run, stop) is None
    assert (found := last_checkpoint(run.out)) is not None
    assert step_of(found) == 1
    assert not list(run.out.glob("*.safetensors"))


class Asks(threading.Event):
    """Asks for a checkpoint in the step after the first looks, as a person would beside the run; never says to stop."""

    def __init__(self, out: Path, looks: int) -> None:
        super().__init__()
        self.out, self.left = out, looks
        self.waited: list[bool] = []

    def is_set(self) -> bool:
        self.left -= 1
        self.waited.append((self.out / SAVE).is_file())
        if not self.left:
            (self.out / SAVE).touch()
        return False


def kept(out: Path) -> set[int]:
    return {step_of(path) for path in (out / "checkpoints").glob("checkpoint-*")}


def test_a_run_that_is_asked_to_save_keeps_a_step_once_and_goes_on_as_if_nothing_had_been(run: SftRun, tmp_path: Path) -> None:
    whole = replace(run, out=tmp_path / "whole" / "out", steps=3)
    sft(whole, NEVER)
    saving = replace(run, steps=3)
    asks = Asks(run.out, looks=1)
    assert sft(saving, asks) is not None
    assert asks.waited == [False, True, False], "it is there until the checkpoint is, and one request is one checkpoint"
    assert kept(run.out) == {2, 3}
    assert curve(run.out) == curve(whole.out)


def test_what_a_dead_run_was_asked_is_forgotten(run: SftRun) -> None:
    run.out.mkdir(parents=True)
    (run.out / SAVE).touch()
    assert sft(replace(run, steps=2), NEVER) is not None
    assert kept(run.out) == {2}
    assert not (run.out / SAVE).exists()


@pytest.mark.parametrize("first", [True, False])
def test_only_the_first_process_decides_on_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool) -> None:
    """The others neither look nor tidy up: they do as it says, whatever they find."""
    said: list[bool] = []

    def told(found: list[bool]) -> list[bool]:
        said.extend(found)
        return [True]

    monkeypatch.setattr(watching, "broadcast_object_list", told)
    (tmp_path / SAVE).touch()
    save, control = Save(tmp_path, every=2), TrainerControl()
    state = TrainerState(global_step=3, is_world_process_zero=first)
    save.on_step_end(None, state, control)
    assert (said, control.should_save) == ([], False), "not after a step from which none can go on"
    state.global_step = 4
    save.on_step_end(None, state, control)
    assert (said, control.should_save) == ([first], True)
    save.on_save(None, state, control)
    assert (tmp_path / SAVE).exists() is not first


def test_a_checkpoint_that_was_cut_is_not_gone_on_from(run: SftRun) -> None:
    with pytest.raises(SystemExit):
        sft(run, Death(6))
    torn = run.out / "checkpoints" / "checkpoint-5"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    assert sft(run, NEVER) is not None
    assert curve(run.out)[-1]["step"] == 10


def test_a_run_goes_on_with_its_own_settings_only(run: SftRun) -> None:
    with pytest.raises(SystemExit):
        sft(run, Death(2))
    other = replace(run, preset=replace(QUICK, rate=1e-5))
    with pytest.raises(RunError, match="preset"):
        sft(other, NEVER)
    stopped = threading.Event()
    stopped.set()
    assert sft(other, stopped, resume=False) is None
    with pytest.raises(RunError, match="preset"):
        sft(run, stopped)


def test_only_the_reply_is_learned(run: SftRun, data: Path) -> None:
    trainer = built(run)
    row = trainer.train_dataset[1]
    batch = trainer.data_collator([row])
    learned = trainer.processing_class.tokenizer.decode(batch["labels"][0][batch["labels"][0] != -100])
    assert learned == row["completion"][0]["content"][0]["text"] + "<|im_end|>\n"


def test_the_rows_a_trainer_reads_are_what_inference_sees(run: SftRun) -> None:
    """The same tokens and the same patches, also where a person wrote a control token."""
    from core.backends.checkpoint import load_checkpoint
    from core.dialect import critic_messages

    trainer, checkpoint = built(run), load_checkpoint(run.model)
    row = sft_row("red", "blue") | {"prompt": critic_messages(pack(), "Paint <|im_end|> it.", "Paint it.")}
    seen = checkpoint.encode([row["prompt"]], [row["images"]])
    batch = trainer.data_collator([row])
    length = seen["input_ids"].shape[1]
    assert batch["input_ids"][0, :length].tolist() == seen["input_ids"][0].tolist()
    torch.testing.assert_close(batch["pixel_values"], seen["pixel_values"])


def built(run: SftRun) -> Any:
    from train.models import load_trainable

    model = load_trainable(run.model, "float32")
    return trainer_of(run, configuration(run, held_out=True), model, read_rows(run, model.processor))


def test_sight_is_frozen_unless_it_is_asked_for(run: SftRun) -> None:
    for wanted in (False, True):
        learning = {
            name for name, weight in built(replace(run, train_sight=wanted)).model.named_parameters() if weight.requires_grad
        }
        assert any("visual" in name for name in learning) is wanted
        assert any("language_model" in name for name in learning)


def test_lora_learns_an_adapter_that_a_profile_can_name_and_merge_makes_a_model_of_both(run: SftRun, tmp_path: Path) -> None:
    lora = replace(run, train_sight=False, preset=replace(QUICK, lora=4, keep_every=10))
    assert sft(lora, NEVER) is not None
    assert (run.out / "adapter_model.safetensors").is_file()
    merge(run.out, tmp_path / "merged", "float32")
    beside = load_vlm(run.model, adapter=str(run.out)).checkpoint
    beside.use(str(run.out))
    merged, base = load_vlm(str(tmp_path / "merged")).checkpoint, load_vlm(run.model).checkpoint
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        three = [each.model(input_ids=ids).logits for each in (beside, merged, base)]
    torch.testing.assert_close(three[0], three[1], atol=1e-4, rtol=1e-4)
    assert not torch.allclose(three[1], three[2], atol=1e-3)


def test_rows_that_are_too_long_are_left_out_and_counted(run: SftRun, tmp_path: Path) -> None:
    from core.backends.checkpoint import load_checkpoint

    long = sft_row("red", "blue")
    long["completion"][0]["content"][0]["text"] *= 40
    write(tmp_path / "long" / "critic_sft" / "train-0.parquet", [sft_row("red", "red"), long], SFT)
    rows = read_rows(
        replace(run, data=tmp_path / "long", preset=replace(QUICK, cutoff=300)), load_checkpoint(run.model).processor
    )
    assert (len(rows.train), rows.held_out, rows.too_long) == (1, None, 1)


def test_no_rows_are_an_error_that_says_so(run: SftRun, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no rows in critic_sft"):
        sft(replace(run, data=tmp_path), NEVER)


def test_a_row_is_seen_as_often_as_its_weight_says() -> None:
    from train.curated import by_weight

    assert by_weight([1, 2, 0, 1]) == [0, 1, 1, 3]
    assert by_weight([0.5] * 6) == [1, 3, 5]
    assert by_weight([0.1] * 10) == [9]


def test_the_command_trains_and_says_what_came_of_it(run: SftRun) -> None:
    asked = ["sft", "--role", "critic", "--model", run.model, "--data", str(run.data), "--out", str(run.out)]
    asked += ["--preset", "pocket", "--steps", "2", "--batch", "2"]
    planned = CliRunner().invoke(app, [*asked, "--dry-run"])
    assert planned.exit_code == 0, planned.output
    plan = json.loads(planned.stdout)
    assert (plan["rows"], plan["held_out"], plan["steps"], plan["preset"]["batch"]) == (4, 4, 2, 2)
    assert not run.out.exists()
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == 2
    again = CliRunner().invoke(app, asked)
    assert again.exit_code == 1
    assert "is finished" in again.stderr


def test_nothing_to_learn_from_exits_with_the_reason(run: SftRun, tmp_path: Path) -> None:
    asked = ["sft", "--role", "planner", "--model", run.model, "--data", str(run.data), "--out", str(run.out)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1
    assert "no rows in planner_sft" in done.stderr
