"""Laws of starting and stopping trainings, with a small program in the trainer's place."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from core.errors import CommandError, NotFound
from studio import launcher as launching
from studio.launcher import Launcher, command_of
from studio.pages.parts import sentence
from studio.runs import CHECKPOINTS, SAVE, STARTED, WHOLE, Run, log_of, started_in
from tests.studio.storybook import until
from tests.studio.trainings import asked, curated, sft_run, stand_in
from train import runs as trainer
from train.cli import app


@pytest.fixture
def rows(tmp_path: Path) -> str:
    return str(curated(tmp_path / "data" / "curated", "critic_sft", "critic_rl"))


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    made = Launcher(tmp_path / "runs", [tmp_path / "data"], stand_in)
    yield made
    for run in made.runs():
        if run.started and run.started.lives:
            os.killpg(run.started.pid, signal.SIGKILL)
    until(lambda: not any(run.started and run.started.lives for run in made.runs()))


def stepped(launcher: Launcher, name: str = "critic-1") -> Run:
    """The run, once it has made steps."""
    until(lambda: launcher.run(name).step > 2)
    return launcher.run(name)


def ended(launcher: Launcher, state: str, name: str = "critic-1") -> Run:
    until(lambda: launcher.run(name).state == state)
    return launcher.run(name)


def test_what_is_shown_is_what_is_started(launcher: Launcher, rows: str, tmp_path: Path) -> None:
    wish = asked(rows, steps=3)
    out = str(tmp_path / "runs" / "critic-1")
    said = f"python -m train sft --role critic --model pocket --data {rows} --out {out} --preset pocket --steps 3"
    assert launcher.command(wish) == said
    assert not (tmp_path / "runs").exists(), "showing it starts nothing"
    launcher.start(wish)
    assert ended(launcher, "finished").step == 3
    assert log_of(tmp_path / "runs" / "critic-1") == f"$ {said}\ngoes on from 0"


def test_a_training_by_rewards_says_who_draws_and_who_scores(rows: str) -> None:
    pocket = command_of(["train"], asked(rows, kind="grpo"), rows, "out")
    assert pocket[-4:] == ["--painter", "pocket", "--judge", "pocket-exact"]
    other = command_of(["train"], asked(rows, kind="grpo", painter="klein-4b", steps=9), rows, "out")
    assert other[-6:] == ["--painter", "klein-4b", "--judge", "klein-4b", "--steps", "9"]
    assert "--role" not in other


def test_an_option_that_was_not_chosen_is_no_word_of_the_command(rows: str) -> None:
    plain = command_of(["train"], asked(rows), rows, "out")
    assert plain[-2:] == ["--preset", "pocket"]
    chosen = {"lora": True, "epochs": 2, "rate": 2e-5, "steps": 9, "seed": 7}
    words = command_of(["train"], asked(rows, **chosen), rows, "out")
    assert words[len(plain) :] == ["--lora", *("--epochs", "2", "--rate", "2e-05", "--steps", "9", "--seed", "7")]
    assert command_of(["train"], asked(rows, lora=False, epochs=0.5), rows, "out")[-3:] == ["--no-lora", "--epochs", "0.5"]
    rewards = asked(rows, kind="grpo", judge="klein-4b", reward="code", without="step")
    said = ["--judge", "klein-4b", "--reward", "code", "--without", "step"]
    assert command_of(["train"], rewards, rows, "out")[-6:] == said
    assert "--reward" not in command_of(["train"], rewards.model_copy(update={"kind": "sft"}), rows, "out")


def test_the_command_is_one_that_the_trainer_understands(rows: str, tmp_path: Path) -> None:
    """Every option, by its own parser, which would refuse one that it does not know, or a value that it does not take."""
    everything = {"steps": 9, "lora": True, "epochs": 0.5, "rate": 2e-5, "seed": 7}
    of_rewards = {"kind": "grpo", "painter": "klein-4b", "judge": "pocket", "reward": "code", "without": "accuracy"}
    for wish in (asked(rows, **everything), asked(rows, lora=False), asked(rows, **everything, **of_rewards)):
        words = command_of([], wish, rows, str(tmp_path / "out"))
        done = CliRunner().invoke(app, [*words, "--print-launch", "1"])
        assert done.exit_code == 0, done.output
        assert {word for word in words if word.startswith("--")} <= set(done.stdout.split()), done.stdout


def test_a_run_is_a_process_of_its_own_that_another_studio_finds_again(launcher: Launcher, rows: str, tmp_path: Path) -> None:
    launcher.start(asked(rows))
    run = stepped(launcher)
    assert run.state == "running"
    assert run.started is not None
    assert os.getsid(run.started.pid) == run.started.pid != os.getsid(0)
    again = Launcher(tmp_path / "runs", [tmp_path / "data"], stand_in)
    assert again.run("critic-1").state == "running"
    again.stop("critic-1")
    ended(launcher, "stopped")


def test_a_stopped_run_keeps_its_step_and_goes_on_by_the_same_command(launcher: Launcher, rows: str) -> None:
    launcher.start(asked(rows))
    stepped(launcher)
    launcher.stop("critic-1")
    before = ended(launcher, "stopped")
    assert "Stopped at a checkpoint." in log_of(before.folder)
    launcher.resume("critic-1")
    until(lambda: launcher.run("critic-1").step > before.step)
    assert launcher.run("critic-1").state == "running"
    first, *others = [line for line in log_of(before.folder).splitlines() if line.startswith("$ ")]
    assert others == [first]
    with pytest.raises(CommandError, match="goes on already"):
        launcher.resume("critic-1")


def test_a_run_that_is_asked_to_save_keeps_its_step_and_goes_on(launcher: Launcher, rows: str) -> None:
    launcher.start(asked(rows))
    before = stepped(launcher)
    assert before.kept is None
    assert before.acts == {"save", "stop"}
    launcher.save("critic-1")
    until(lambda: launcher.run("critic-1").kept is not None)
    kept = launcher.run("critic-1").kept
    assert kept is not None
    assert kept.step >= before.step
    until(lambda: launcher.run("critic-1").step > kept.step)
    run = launcher.run("critic-1")
    assert (run.state, run.saving) == ("running", False)
    launcher.stop("critic-1")
    ended(launcher, "stopped")
    with pytest.raises(CommandError, match="ended already"):
        launcher.save("critic-1")


def test_what_a_dead_run_was_asked_does_not_reach_the_one_that_goes_on(launcher: Launcher, rows: str) -> None:
    launcher.start(asked(rows, preset="24gb"))
    run = stepped(launcher)
    launcher.save("critic-1")
    assert launcher.run("critic-1").saving
    assert run.started is not None
    os.killpg(run.started.pid, signal.SIGKILL)
    dead = ended(launcher, "failed")
    assert (dead.saving, (dead.folder / SAVE).exists()) == (False, True)
    launcher.resume("critic-1")
    assert not (dead.folder / SAVE).exists()


def test_a_run_is_not_asked_to_save_before_it_can_hear_it(launcher: Launcher, rows: str) -> None:
    launcher.start(asked(rows, preset="24gb"))
    run = stepped(launcher)
    begun = (run.folder / STARTED).stat().st_mtime_ns
    os.utime(run.folder / STARTED, ns=(begun, begun + 10**12))  # as of a process that has written nothing yet
    assert launcher.run("critic-1").acts == {"stop"}
    with pytest.raises(CommandError, match="getting ready"):
        launcher.save("critic-1")
    launcher.stop("critic-1")
    with pytest.raises(CommandError, match="keeps its step anyway"):
        launcher.save("critic-1")


def test_the_request_has_the_name_that_the_trainer_looks_for() -> None:
    assert (SAVE, CHECKPOINTS, WHOLE) == (trainer.SAVE, trainer.CHECKPOINTS, trainer.STATE)


def test_a_run_that_does_not_listen_is_ended_after_a_while(rows: str, tmp_path: Path, launcher: Launcher) -> None:
    impatient = Launcher(tmp_path / "runs", [tmp_path / "data"], stand_in, grace=0.2)
    impatient.start(asked(rows, preset="24gb"))
    stepped(launcher)
    impatient.stop("critic-1")
    assert launcher.run("critic-1").state in ("stopping", "stopped")
    ended(launcher, "stopped")


def test_a_run_that_is_told_to_stop_again_ends_at_once(launcher: Launcher, rows: str) -> None:
    launcher.start(asked(rows, preset="24gb"))
    stepped(launcher)
    launcher.stop("critic-1")
    assert launcher.run("critic-1").state == "stopping"
    launcher.stop("critic-1")
    ended(launcher, "stopped")
    with pytest.raises(CommandError, match="has ended"):
        launcher.stop("critic-1")


def test_a_run_that_can_not_begin_has_failed_and_its_log_says_why(launcher: Launcher, rows: str) -> None:
    launcher.start(asked(rows, preset="paper"))
    run = ended(launcher, "failed")
    assert "There is no such GPU." in log_of(run.folder)
    assert run.acts == {"resume"}


def test_nothing_is_signalled_once_the_process_is_another_one(launcher: Launcher, rows: str) -> None:
    launcher.start(asked(rows))
    run = stepped(launcher)
    assert run.started is not None
    launching._tell(run.started.model_copy(update={"born": 1}), signal.SIGKILL)
    assert run.started.lives
    assert started_in(run.folder) == run.started


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "", "-rf", "a b", "x" * 61])
def test_a_name_is_no_path(rows: str, name: str) -> None:
    with pytest.raises(ValidationError):
        asked(rows, name=name)


def test_rows_are_those_that_were_found_here(launcher: Launcher, rows: str, tmp_path: Path) -> None:
    elsewhere = curated(tmp_path / "elsewhere", "critic_sft")
    (tmp_path / "data" / "link").symlink_to(elsewhere)
    assert [each.name for each in launcher.offer().rows] == [rows]
    for data in (str(elsewhere), str(tmp_path / "data" / "link"), f"{rows}/../curated", ""):
        with pytest.raises(CommandError, match="Choose a folder"):
            launcher.start(asked(data))
    with pytest.raises(CommandError, match="no rows for this training"):
        launcher.command(asked(rows, role="planner"))
    assert not (tmp_path / "runs").exists()


def test_a_model_is_ours_or_on_the_hub(launcher: Launcher, rows: str, tmp_path: Path) -> None:
    finished = str(sft_run(tmp_path / "runs" / "done"))
    assert launcher.offer().models == ("pocket", finished)
    for model in ("pocket", finished, "Qwen/Qwen3-VL-8B-Instruct"):
        assert f"--model {model} " in launcher.command(asked(rows, model=model))
    for model in (str(tmp_path), "../../secret", "core/pocket", "--data", "a/b/c", "hub/..", "hub/x; rm"):
        with pytest.raises(CommandError, match="The model is"):
            launcher.command(asked(rows, model=model))


def test_a_painter_has_a_profile(launcher: Launcher, rows: str) -> None:
    with pytest.raises(CommandError, match="painter"):
        launcher.command(asked(rows, kind="grpo", painter="assets/other.toml"))


def test_a_judge_can_score_what_the_painter_draws(launcher: Launcher, rows: str) -> None:
    assert launcher.offer().judges[:2] == ("pocket-exact", "pocket")
    for painter, judge in (("pocket", "klein-4b"), ("pocket", "pocket-exact"), ("klein-4b", "pocket")):
        assert f"--judge {judge}" in launcher.command(asked(rows, kind="grpo", painter=painter, judge=judge))
    with pytest.raises(CommandError, match="can only score what the pocket painter draws"):
        launcher.command(asked(rows, kind="grpo", painter="klein-4b", judge="pocket-exact"))
    with pytest.raises(CommandError, match="Choose a judge"):
        launcher.command(asked(rows, kind="grpo", judge="openai:http://elsewhere#judge"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate": "fast"}, "Learning rate: it must be a number, such as 0.5."),
        ({"rate": "0"}, "Learning rate: it must be more than 0."),
        ({"rate": "2"}, "Learning rate: it must be 1 or less."),
        ({"epochs": "-1"}, "Epochs: it must be more than 0."),
        ({"epochs": "nan"}, "Epochs: it must be a number, such as 0.5."),
        ({"epochs": "1e9"}, "Epochs: it must be 1000 or less."),
        ({"seed": "-1"}, "Seed: it must be 0 or more."),
        ({"seed": "4294967296"}, "Seed: it must be less than 4294967296."),
        ({"seed": "1.5"}, "Seed: it must be a whole number."),
        ({"steps": "many"}, "Steps: it must be a whole number."),
    ],
)
def test_a_value_that_no_training_takes_is_one_sentence(rows: str, changes: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError) as fault:
        asked(rows, **changes)
    assert sentence(fault.value) == said


def test_a_name_is_taken_once(launcher: Launcher, rows: str) -> None:
    assert launcher.free_name("sft-critic") == "sft-critic-1"
    launcher.start(asked(rows, name="sft-critic-1"))
    assert launcher.free_name("sft-critic") == "sft-critic-2"
    with pytest.raises(CommandError, match="of this name"):
        launcher.start(asked(rows, name="sft-critic-1"))


def test_runs_of_others_are_looked_at_only(launcher: Launcher, tmp_path: Path) -> None:
    sft_run(tmp_path / "runs" / "by-hand", finished=False)
    with pytest.raises(CommandError, match="elsewhere"):
        launcher.stop("by-hand")
    for act in (launcher.resume, launcher.save):
        with pytest.raises(CommandError, match="elsewhere"):
            act("by-hand")
    with pytest.raises(NotFound):
        launcher.run("../data")


def test_a_program_that_is_missing_is_a_sentence(rows: str, tmp_path: Path) -> None:
    broken = Launcher(tmp_path / "runs", [tmp_path / "data"], lambda program, *_: [f"{sys.executable}-missing"])
    with pytest.raises(CommandError, match="can't be started"):
        broken.start(asked(rows))
    assert broken.runs() == []
    assert list((tmp_path / "runs").iterdir()) == [], "its name is free again"
