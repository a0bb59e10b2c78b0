"""Laws of how runs are read: from folders alone, and trusting nothing in them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio import machine
from studio.machine import Gpu, gpus_of, out_of
from studio.rollouts import groups_of, tried_in
from studio.runs import LOG, STARTED, Started, find, log_of, metrics_of, parse_metrics, plain, read, tail
from studio.storyboard import ago, run_of, runs_of
from tests.studio.trainings import asked, grpo_run, sft_run


def test_runs_are_found_by_their_folders_the_latest_first(tmp_path: Path) -> None:
    sft_run(tmp_path / "critic")
    grpo_run(tmp_path / "ablations" / "full")
    (tmp_path / "curated").mkdir()
    (tmp_path / "curated" / "run.json").write_text('{"command": "curate"}')
    assert {run.id for run in find(tmp_path)} == {"critic", "ablations/full"}
    assert find(tmp_path / "nowhere") == []


def test_a_run_says_how_far_it_is_and_what_it_was_asked(tmp_path: Path) -> None:
    run = read(sft_run(tmp_path / "critic", steps=150, finished=False), "critic")
    assert run is not None
    assert (run.kind, run.role, run.model, run.step, run.state) == ("sft", "critic", "pocket", 150, "stopped")
    assert run.share == pytest.approx(0.5)
    assert run.last["eval_loss"] > run.last["loss"] > 0
    assert run.about["seeds"] == {"seed": 7}
    assert run.acts == frozenset(), "a run that was started elsewhere is not ours to start"


def test_a_result_means_finished(tmp_path: Path) -> None:
    run = read(sft_run(tmp_path / "critic"), "critic")
    assert run is not None
    assert (run.state, run.share) == ("finished", 1.0)


def started(folder: Path, **changes: object) -> None:
    wish = Started(asked=asked("data/curated"), pid=os.getpid(), born=machine.born(os.getpid()))
    (folder / STARTED).write_text(Started.model_validate(wish.model_dump() | changes).model_dump_json())


def test_a_run_lives_as_long_as_its_own_process(tmp_path: Path) -> None:
    folder = sft_run(tmp_path / "critic", finished=False)

    def state() -> str:
        run = read(folder, "critic")
        assert run is not None
        return run.state

    started(folder)
    assert state() == "running"
    started(folder, stop_at=1.0)
    assert state() == "stopping"
    started(folder, born=1)
    assert state() == "failed", "another process has its number now"
    started(folder, born=1, stop_at=1.0)
    assert state() == "stopped"


def test_the_last_whole_checkpoint_is_what_a_run_has_kept(tmp_path: Path) -> None:
    folder = sft_run(tmp_path / "critic", finished=False)
    for step, whole in ((9, True), (40, True), (100, False)):
        kept = folder / "checkpoints" / f"checkpoint-{step}"
        kept.mkdir(parents=True)
        if whole:
            (kept / "trainer_state.json").write_text("{}")
    (folder / "checkpoints" / "checkpoint-of-mine").mkdir()
    (folder / "checkpoints" / "checkpoint-of-mine" / "trainer_state.json").write_text("{}")
    at = datetime.now(UTC) - timedelta(minutes=2, seconds=3)
    os.utime(folder / "checkpoints" / "checkpoint-40" / "trainer_state.json", (at.timestamp(), at.timestamp()))
    (run,) = find(tmp_path)
    assert run.kept is not None
    assert (run.kept.step, abs(run.kept.at - at) < timedelta(seconds=1)) == (40, True)
    assert "Checkpoint: step 40, 2 minutes ago" in run_of(run, [], None, "", None, [])
    assert ago(datetime.now(UTC)) == "just now"


def test_a_run_that_goes_on_in_a_terminal_runs_but_is_not_ours_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sft_run(tmp_path / "critic", finished=False)
    started(folder, born=1, stop_at=1.0)
    monkeypatch.setattr(machine, "trains_into", lambda: frozenset({folder.resolve()}))
    run = read(folder, "critic")
    assert run is not None
    assert (run.state, run.acts) == ("running", frozenset())


def test_damaged_files_hide_no_run_and_break_no_page(tmp_path: Path) -> None:
    folder = sft_run(tmp_path / "critic", finished=False)
    with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
        file.write('nonsense\n[1]\n{"step": 999, "loss": NaN, "reward": "high"}\n{"step": 1000, "lo')
    (folder / STARTED).write_text('{"pid": -1}')
    (folder / "result.json").write_text("[]")
    (run,) = find(tmp_path)
    assert (run.step, run.started) == (999, None)
    assert "reward" not in run.last


def test_lines_without_a_step_or_with_other_things_than_numbers_are_left_out() -> None:
    text = '{"loss": 1}\n{"step": 1, "loss": 2.5, "epoch": true, "name": "x", "kl": null}\n\n{"step": 2, "loss": 1e999}\n'
    assert parse_metrics(text) == ({"step": 1.0, "loss": 2.5}, {"step": 2.0})


def test_metrics_are_read_again_when_the_file_has_grown(tmp_path: Path) -> None:
    folder = sft_run(tmp_path / "critic", steps=3)
    before = metrics_of(folder)
    assert metrics_of(folder) is before
    with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
        file.write('{"step": 4}\n')
    assert len(metrics_of(folder)) == len(before) + 1


def test_of_a_large_file_only_whole_lines_of_its_end_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("first line\nsecond\nthird\n")
    assert tail(tmp_path / "file", 10) == "third\n"
    assert tail(tmp_path / "file", 1000).startswith("first")
    assert tail(tmp_path / "none", 10) == ""


def test_a_log_is_plain_text(tmp_path: Path) -> None:
    assert plain("\x1b[31mred\x1b[0m\n 1 %\r 50 %\r100 %\r\n\x07bell\n") == "red\n100 %\nbell"
    (tmp_path / LOG).write_bytes(b"caf\xc3\xa9 \xff\n")
    assert log_of(tmp_path) == "café �"


def test_what_was_tried_is_shown_by_step_with_its_neighbours(tmp_path: Path) -> None:
    folder = grpo_run(tmp_path / "rl")
    tried = tried_in(folder)
    assert tried is not None
    assert (tried.step, tried.earlier, tried.later, len(tried.groups)) == (40, 39, None, 2)
    before = tried_in(folder, 39)
    assert before is not None
    assert (before.step, before.later) == (39, 40)
    redrawn, accepted, unread = tried.groups[0].replies
    assert (redrawn.reward, dict(redrawn.parts)["overall"], bool(redrawn.redrawn)) == (0.66, 0.4, True)
    assert ("in", " bright") in redrawn.refined
    assert (accepted.accepted, unread.accepted, unread.reward) == (True, None, None)
    assert tried_in(tmp_path) is None


def test_a_picture_is_named_by_its_content_or_is_none() -> None:
    (group,) = groups_of([{"group": 0, "pictures": {"before": "../../secret.png", "after": 5}, "marks": []}], "000001-0")
    assert (group.before, group.after) == ("", "")


def test_nothing_that_a_run_says_becomes_markup(tmp_path: Path) -> None:
    folder = grpo_run(tmp_path / "rl")
    path = folder / "rollouts" / "000040-0.jsonl"
    path.write_text(path.read_text().replace("Mila", "<script>alert(1)</script>"))
    (folder / "run.json").write_text(json.dumps({"command": "grpo", "config": {"<img>": "<i>x</i>"}}))
    (run,) = find(tmp_path)
    markup = run_of(run, [], tried_in(folder), "<u>log</u>", 5, [Gpu("<b>", 1, 2, 3)]) + runs_of([run], "")
    for evil in ("<script>", "<img>", "<i>x", "<u>", "<b>yes", '"<b>"'):
        assert evil not in markup


def test_a_process_that_ended_does_not_live() -> None:
    assert machine.born(os.getpid()) is not None
    assert machine.born(2**22 + 1) is None
    assert (machine.memory_of(os.getsid(0)) or 0) > 2**20


def test_a_training_is_known_by_its_command_line() -> None:
    assert out_of(["python", "-m", "train", "sft", "--role", "critic", "--out", "runs/a", "--preset", "pocket"]) == "runs/a"
    assert out_of(["python", "-m", "train", "grpo", "--out=runs/b"]) == "runs/b"
    assert out_of(["python", "-m", "train", "collect", "--out", "runs/c"]) == ""


def test_gpus_are_what_the_tool_says_and_nothing_else() -> None:
    said = "NVIDIA H100 80GB HBM3, 97, 40960, 81559\nOther, [N/A], 1, 2\n\n"
    assert gpus_of(said) == (Gpu("NVIDIA H100 80GB HBM3", 97, 40960, 81559),)
