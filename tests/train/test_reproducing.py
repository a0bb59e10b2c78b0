"""Reproduction runs each command once, after those that it needs, goes on after a stop, and writes only what was measured."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from train.benchmarks.outcomes import OUTCOMES
from train.cli import app
from train.pocket.benchmark import Outcome
from train.reproducing.recipe import ROWS, Scale, tasks, write_profiles
from train.reproducing.results import _corrections, page
from train.reproducing.tasks import Runner, Task, needed
from train.runs import RunError


def built(out: Path, name: str, count: int, needs: tuple[str, ...] = ()) -> Task:
    words = ("prompts", "build", "--count", str(count), "--out", str(out / f"{name}.jsonl"))
    return Task(name, words, needs)


def test_what_is_needed_comes_first_and_nothing_is_done_twice(tmp_path: Path) -> None:
    one, two = built(tmp_path, "one", 3), built(tmp_path, "two", 4, needs=("one",))
    runner = Runner(tmp_path, (two, one), together=2)
    seen = list(runner.run(threading.Event()))
    assert not any(states["two"] == "running" and states["one"] != "done" for states in seen)
    assert runner.done(two).result["prompts"] == 4
    assert runner.done(one).seconds > 0
    (tmp_path / "one.jsonl").unlink()
    assert len(list(Runner(tmp_path, (one, two), together=2).run(threading.Event()))) == 1
    assert not (tmp_path / "one.jsonl").exists()
    changed = built(tmp_path, "one", 5)
    assert not runner.done(changed).finished  # another command is another task


def test_a_command_that_fails_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    lost = Task("lost", ("score", "--data", str(tmp_path / "nowhere"), "--judge", "no-such-judge"))
    with pytest.raises(RunError, match=r"lost failed \(python -m train score"):
        list(Runner(tmp_path, (lost,), together=1).run(threading.Event()))


def test_a_stop_keeps_what_was_done_and_what_it_took(tmp_path: Path) -> None:
    slow, stop = built(tmp_path, "slow", 20_000), threading.Event()
    runner = Runner(tmp_path, (slow,), together=1)
    for states in runner.run(stop):
        if states["slow"] == "running":
            stop.set()
    assert runner.states()["slow"] in ("waiting", "done")
    assert (tmp_path / "tasks" / "slow.json").is_file()
    assert runner.done(slow).seconds > 0


def test_every_task_can_be_reached_and_every_row_is_measured_by_one(tmp_path: Path) -> None:
    every = list(tasks(tmp_path, Scale()))
    names = [task.name for task in every]
    assert len(set(names)) == len(names)
    for place, task in enumerate(every):
        assert set(task.needs) <= set(names[:place])  # each could be run in this order
    assert {f"e-{run}" for row in ROWS for run in row.runs} <= set(names)
    write_profiles(tmp_path)
    profiles = {word for task in every for word in task.words if word.startswith(str(tmp_path / "profiles"))}
    assert all(Path(profile).is_file() for profile in profiles)


def test_all_its_commands_are_commands(tmp_path: Path) -> None:
    for task in tasks(tmp_path, Scale()):
        known = CliRunner().invoke(app, [*task.words[: 2 if task.words[0] in ("evaluate", "prompts", "pocket") else 1], "--help"])
        assert known.exit_code == 0, task.command
        for word in task.words:
            if word.startswith("--"):
                assert word in known.output, f"{word} in {task.command}"


def outcome(name: str, success: bool) -> Outcome:
    counts = {
        "steps": 2,
        "right": 1 + success,
        "first": 1,
        "drawn": 3,
        "judged": 3,
        "good": 2,
        "accepted": 2,
        "bad": 1,
        "refused": 1,
    }
    said = {"success": success, "planned": True, "length": True, "wished": True}
    return Outcome(id=name, **said, **counts, unread={"plan": 0, "judge": 0}, seconds={"planner": 1.0})


def test_the_page_says_what_was_measured_and_what_was_not(tmp_path: Path) -> None:
    for run, right in (("sft-0", 0), ("grpo-0", 8)):
        folder = tmp_path / "measured" / run
        folder.mkdir(parents=True)
        lines = [json.dumps(outcome(f"r{n}", n < right).json()) for n in range(10)]
        (folder / OUTCOMES).write_text("\n".join(lines) + "\n")
    text = page(Runner(tmp_path, tuple(tasks(tmp_path, Scale())), 1), Scale())
    assert "| + critic SFT | 0.0% (0.0% to 0.0%) |" in text
    assert "80.0%" in text
    assert "| + GRPO | + critic SFT | **+80.00 points" in text  # beyond its interval
    assert text.count("| not measured yet | | | | |") == len(ROWS) - 2


def test_rewards_are_compared_attempt_by_attempt_over_the_seeds(tmp_path: Path) -> None:
    for name, step in (("sft", 0.1), ("grpo-0", 0.2), ("grpo-1", 0.4)):
        attempts = {part: {str(n): n + step for n in range(9)} for part in ("overall", "reward", "accuracy")}
        if name == "grpo-1":
            del attempts["overall"]["8"]  # not scored there, so it is no pair
        figures = {part: {"value": step, "low": 0.0, "high": 1.0, "n": 9} for part in attempts}
        (tmp_path / f"rewards-{name}.json").write_text(json.dumps(figures | {"attempts": attempts}))
    text = page(Runner(tmp_path, tuple(tasks(tmp_path, Scale())), 1), Scale())
    assert "| GRPO, seed 1 | 0.400 (0.000 to 1.000) |" in text
    assert "GRPO (2 seeds) against critic SFT, paired by attempt: the step-wise reward **+0.20 (+0.20 to +0.20)**" in text


def test_corrections_are_worth_what_both_sides_gain_in_the_mean(tmp_path: Path) -> None:
    for name, good, bad in (("own-sft", [1.0] * 6, [0.0, 0.0]), ("annotated-sft", [1.0] * 3 + [0.0] * 3, [1.0, 1.0])):
        sides = {"good accepted": dict(enumerate(good)), "bad refused": dict(enumerate(bad, start=6))}
        stories = ["a", "a", "b", "c", "c", "c", "a", "c"]
        (tmp_path / f"verdicts-{name}.json").write_text(json.dumps({"attempts": sides, "stories": stories}))
    text = "\n".join(_corrections(tmp_path, {"a": "A cat", "b": "A cat", "c": "A dog"}))
    assert "| SFT on its own verdicts | 50.0% (" in text
    assert "| SFT on the answers | 75.0% (" in text
    assert "| 8 (2) |" in text  # stories of one request are resampled together
    assert "Corrected against SFT on its own verdicts, paired by request: +25.00 points (" in text


def test_a_task_is_run_with_all_that_it_needs_and_nothing_else() -> None:
    known = (Task("a", ()), Task("b", (), ("a",)), Task("c", (), ("b",)), Task("d", (), ("a",)))
    assert [task.name for task in needed(known, ["c"])] == ["a", "b", "c"]
    assert [task.name for task in needed(known, ["d", "b"])] == ["a", "b", "d"]
    with pytest.raises(RunError, match="There is no task e"):
        needed(known, ["e"])
