"""Laws of starting and stopping trainings, with a small program in the trainer's place."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import CommandError, NotFound
from studio import launcher as launching
from studio.launcher import Launcher, command_of
from studio.runs import Run, log_of, started_in
from tests.studio.storybook import until
from tests.studio.trainings import asked, curated, sft_run, stand_in


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
    with pytest.raises(CommandError, match="elsewhere"):
        launcher.resume("by-hand")
    with pytest.raises(NotFound):
        launcher.run("../data")


def test_a_program_that_is_missing_is_a_sentence(rows: str, tmp_path: Path) -> None:
    broken = Launcher(tmp_path / "runs", [tmp_path / "data"], lambda program, *_: [f"{sys.executable}-missing"])
    with pytest.raises(CommandError, match="can't be started"):
        broken.start(asked(rows))
    assert broken.runs() == []
    assert list((tmp_path / "runs").iterdir()) == [], "its name is free again"
