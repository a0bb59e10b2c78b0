"""A run of a benchmark goes on where it was, is told by one set of settings, counts what it cost, and reports with intervals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from typer.testing import CliRunner

from core.backends.fake import plan_of, scripted_agents
from core.backends.vlm import VlmPlanner
from core.dialect import load_pack, plan_reply
from core.errors import AgentError
from core.profiles import ASSETS
from core.store import Store
from core.types import Verdict
from tests.train.benchruns import WISE, Judge, by_id, full, models, run, write
from train.benchmarks.commands import Kind
from train.benchmarks.cost import TOKENS, Cost, cost_of, tokens_of
from train.benchmarks.field import Judged
from train.benchmarks.figures import bootstrapped, gained, joined, mean_of, paired, ratio, weighted
from train.benchmarks.outcomes import OUTCOMES, read_lines, read_outcomes
from train.benchmarks.pocket import Pocket
from train.benchmarks.rows import read
from train.benchmarks.runner import REPORT, STORIES, BenchmarkRun, forecast, plans_of
from train.benchmarks.wise import Wise
from train.cli import app
from train.collect import Shard
from train.controls import CONTROLS
from train.pocket.benchmark import FAMILIES, Outcome
from train.runs import RunError

VALUES = some.lists(some.floats(0, 1), min_size=1, max_size=20)


def wise(folder: Path, judge: str = "none") -> Judged:
    return Judged(Wise.of(read([write(folder / "in", WISE)])), judge)


# ---------------------------------------------------------------- figures


@settings(max_examples=20)
@given(VALUES)
def test_an_interval_is_within_its_values_and_holds_their_mean(values: list[float]) -> None:
    mean = mean_of(values)
    assert min(values) - 1e-9 <= mean.low <= mean.value + 1e-9
    assert mean.value - 1e-9 <= mean.high <= max(values) + 1e-9
    assert mean.n == len(values)
    assert mean == mean_of(values)


def test_a_figure_of_nothing_is_of_no_cases() -> None:
    assert mean_of([]).json() == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 0}
    assert bootstrapped(0, lambda _: 1.0) == (0.0, 0.0)


def test_a_weighted_mean_is_the_sum_of_its_strata_and_needs_them_all() -> None:
    mean = weighted([(0.4, [1.0, 0.0]), (0.6, [1.0])])
    assert mean.value == pytest.approx(0.8)
    assert (mean.low, mean.high, mean.n) == (pytest.approx(0.6), pytest.approx(1.0), 3)
    with pytest.raises(ValueError, match="stratum"):
        weighted([(0.4, [1.0]), (0.6, [])])


@settings(max_examples=20)
@given(VALUES)
def test_a_joined_figure_of_a_mean_is_the_mean(values: list[float]) -> None:
    assert joined(lambda some: sum(some) / len(some), values).value == pytest.approx(mean_of(values).value)


@settings(max_examples=20)
@given(VALUES)
def test_nothing_is_gained_over_itself_and_what_one_gains_the_other_loses(values: list[float]) -> None:
    one = {str(number): value for number, value in enumerate(values)}
    other = {name: 1 - value for name, value in one.items()}
    assert gained(one, one).value == 0.0
    assert gained(one, other).value == pytest.approx(-gained(other, one).value)
    assert gained(one, {"else": 1.0}).n == 0


def outcome(name: str, drawn: int, steps: int) -> Outcome:
    said: dict[str, Any] = dict.fromkeys(("success", "planned", "length", "wished"), True)
    counts = dict.fromkeys(("right", "first", "judged", "good", "accepted", "bad", "refused"), 0)
    return Outcome(id=name, steps=steps, drawn=drawn, **said, **counts, unread={"plan": 0, "judge": 0}, seconds={})


def test_a_ratio_is_of_sums_over_stories() -> None:
    found = [outcome("a", 1, 1), outcome("b", 9, 3)]
    assert ratio(found, "drawn", "steps").value == 2.5
    assert ratio(found, "drawn", None).value == 5.0
    assert paired(found[:1], found, lambda each: float(each.drawn)).n == 1


# ---------------------------------------------------------------- a run


def test_a_run_that_is_stopped_goes_on_and_asks_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def few(what: str, done: int, of: int) -> bool:
        return what != "Stories" or done < 2

    first, second = models(), models()
    assert run(monkeypatch, tmp_path / "out", wise(tmp_path), first, watch=few, in_flight=1) is None
    assert not (tmp_path / "out" / REPORT).exists()
    assert run(monkeypatch, tmp_path / "out", wise(tmp_path), second, in_flight=1)
    asked = [len([case for cases in agents.planner.calls for case in cases]) for agents in (first, second)]  # type: ignore[attr-defined]
    assert sum(asked) == len(WISE)
    assert len(read_lines(tmp_path / "out")) == len(WISE)


def test_a_scoring_that_is_stopped_goes_on_and_asks_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.benchmarks.questions.TOGETHER", 2)
    first, second = Judge(full), Judge(full)
    stop = lambda what, done, of: what != "Answers" or done < 4  # noqa: E731
    assert run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=first, watch=stop) is None
    assert 0 < len(first.asked) < len(WISE)
    assert run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=second)
    assert len(first.asked) + len(second.asked) == len(WISE)
    assert all(line["main"] == 1.0 for line in read_lines(tmp_path / "out"))


def test_a_finished_run_loads_no_model_again_and_reports_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(full)
    before = run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=judge)
    asked = len(judge.asked)

    def never(*_: object) -> None:
        raise AssertionError("a model was loaded")

    with monkeypatch.context() as patch:
        run(patch, tmp_path / "other", wise(tmp_path), models())  # another folder may
        patch.setattr("train.benchmarks.runner.counted", never)
        assert run(patch, tmp_path / "out", wise(tmp_path, "judge"), judge=judge) == before
    assert len(judge.asked) == asked


@pytest.mark.parametrize("other", [{"seed": 1}, {"max_attempts": 2}, {"limit": 3}, {"control": "plan"}])
def test_other_settings_are_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]) -> None:
    run(monkeypatch, tmp_path / "out", wise(tmp_path))
    with pytest.raises(RunError, match=next(iter(other))):
        run(monkeypatch, tmp_path / "out", wise(tmp_path), **other)


def test_another_benchmark_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, tmp_path / "out", wise(tmp_path))
    other = Judged(Wise.of(read([write(tmp_path / "other", WISE)]), "original"))
    with pytest.raises(RunError, match="release"):
        run(monkeypatch, tmp_path / "out", other)


def test_shards_are_the_whole_and_share_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [tmp_path / str(number) for number in (1, 2)]
    for number, part in enumerate(parts, start=1):
        run(monkeypatch, part, wise(tmp_path), shard=Shard(number, 2))
    told = [set(by_id(part)) for part in parts]
    assert not told[0] & told[1]
    assert told[0] | told[1] == {str(row["prompt_id"]) for row in WISE}


def test_a_limited_run_has_requests_of_every_category(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=Judge(full), limit=6)
    assert report
    assert len(report["groups"]) == 6
    assert report["figures"]["overall"]["n"] == 6


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_is_measured_and_costs_what_its_models_were_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, control: Any
) -> None:
    refusal = Verdict(accepted=False, refined_prompt="better", p_success=0.1)
    tellers = scripted_agents(plans=[plan_of(2)], verdicts=[refusal])
    report = run(monkeypatch, tmp_path / "out", wise(tmp_path), tellers, control=control, max_attempts=2, limit=2)
    assert report
    calls = {who: sum(map(len, getattr(tellers, who).calls)) for who in ("planner", "painter", "critic")}
    cost = {name: report["cost"][f"{name} calls"] for name in ("planner", "generator", "critic")}
    assert cost == {"planner": calls["planner"], "generator": calls["painter"], "critic": calls["critic"]}
    most = forecast(BenchmarkRun("pocket", tmp_path, control, 2, limit=2), wise(tmp_path))
    assert calls["painter"] <= most["generator calls at most"]
    assert calls["critic"] <= most["critic calls at most"]
    assert calls["planner"] == most["planner calls"]


def test_calls_that_failed_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = scripted_agents(plans=[AgentError("No."), plan_of(1)])
    report = run(monkeypatch, tmp_path / "out", wise(tmp_path), told, limit=1)
    assert report
    assert report["cost"]["planner calls"] == 2
    assert report["cost"]["tokens"] is None


def test_costs_add_up() -> None:
    one, other = Cost(1, 2, 3, (0.5, 1.0, 1.5)), Cost(4, 5, 6, (1.0, 1.0, 1.0))
    assert one + other == Cost(5, 7, 9, (1.5, 2.0, 2.5))
    assert cost_of([]) == Cost()


def test_tokens_are_counted_as_they_are_written_and_kept_over_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Judge(lambda *_: plan_reply(plan_of(1)))
    planner = VlmPlanner(written, load_pack(ASSETS / "prompts" / "pocket"))  # type: ignore[arg-type]
    told = replace(models(), planner=planner)
    judge = Judge(full)
    few = lambda what, done, of: done < 3  # noqa: E731
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), told, judge, watch=few, in_flight=1)
    report = run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), told, judge, in_flight=1)
    assert report
    assert report["cost"]["tokens"] == {"planner": 3 * len(written.asked), "judge": 3 * len(judge.asked)}
    assert (tmp_path / "out" / TOKENS).is_file()
    assert tokens_of(tmp_path) is None


def test_plans_of_an_earlier_run_are_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, tmp_path / "one", wise(tmp_path), models(steps=3))
    later = models(steps=1)
    run(monkeypatch, tmp_path / "two", wise(tmp_path), later, plans_of=tmp_path / "one")
    assert not later.planner.calls  # type: ignore[attr-defined]
    assert plans_of(tmp_path / "one").keys() == plans_of(tmp_path / "two").keys() == {row["Prompt"] for row in WISE}
    with pytest.raises(RunError, match="no run in nowhere"):
        plans_of(tmp_path / "nowhere")


def test_lines_and_report_have_what_every_benchmark_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, tmp_path / "out", wise(tmp_path, "judge"), judge=Judge(full))
    report = json.loads((tmp_path / "out" / REPORT).read_text())
    assert (report["benchmark"], report["judge"], report["requests"]) == ("wise", "judge", len(WISE))
    assert set(report["cost"]) == {"planner calls", "generator calls", "critic calls", "seconds", "tokens"}
    with Store(tmp_path / "out" / STORIES, write=False) as store:
        for line in read_lines(tmp_path / "out"):
            assert {"id", "group", "story", "main", "marks", "why", "drawn", "judged", "planned", "seconds"} <= line.keys()
            assert store.card(line["story"]).status == "done"
    for figure in [*report["figures"].values(), *(f for group in report["groups"].values() for f in group.values())]:
        assert figure.keys() == {"value", "low", "high", "n"}


def test_pocket_lines_are_outcomes_with_group_story_and_main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(monkeypatch, tmp_path / "out", Pocket(), limit=4)
    assert report
    assert set(report["groups"]) == set(FAMILIES)
    lines = read_lines(tmp_path / "out")
    for line, found in zip(lines, read_outcomes(tmp_path / "out"), strict=True):
        assert line["main"] == float(found.success)
        assert found.planned
        assert line["group"] == found.family
        assert line["story"]
    assert "benchmark" not in json.loads((tmp_path / "out" / "run.json").read_text())["config"]  # so that older runs go on


def test_some_families_are_another_run_than_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(monkeypatch, tmp_path / "out", Pocket(("edit",)), limit=2)
    assert report
    assert set(report["groups"]) == {"edit"}
    with pytest.raises(RunError, match="families"):
        run(monkeypatch, tmp_path / "out", Pocket(), limit=2)
    assert set(Kind) == set(FAMILIES)


def test_outcomes_of_older_runs_can_be_read(tmp_path: Path) -> None:
    known = (
        *("id", "success", "planned", "length", "wished", "steps", "right", "first"),
        *("drawn", "judged", "good", "accepted", "bad", "refused", "unread", "seconds"),
    )
    line = {name: value for name, value in outcome("a", 1, 1).json().items() if name in known}
    (tmp_path / OUTCOMES).write_text(json.dumps(line) + "\n")
    assert read_outcomes(tmp_path)[0].id == "a"
    (tmp_path / OUTCOMES).write_text('{"id": "1", "marks": {}}\n')
    with pytest.raises(RunError, match="none of the pocket benchmark"):
        read_outcomes(tmp_path)
    with pytest.raises(RunError, match="no finished run"):
        read_lines(tmp_path / "nowhere")


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize("name", ["pocket", "wise", "rise", "ueval", "comm"])
def test_every_benchmark_has_the_shared_options_and_an_example(name: str) -> None:
    said = CliRunner().invoke(app, ["evaluate", name, "--help"], env={"COLUMNS": "200"}).output
    for option in (
        "--out",
        "--profile",
        "--control",
        "--max-attempts",
        "--limit",
        "--seed",
        "--shard",
        "--plans-of",
        "--dry-run",
    ):
        assert option in said
    assert f"Example: python -m train evaluate {name}" in " ".join(said.split())
    assert ("--data" in said) == ("--judge" in said) == (name != "pocket")


def test_a_dry_run_says_how_much_would_be_asked_and_makes_nothing(tmp_path: Path) -> None:
    data = write(tmp_path / "in", WISE)
    words = ["evaluate", "wise", "--data", data, "--judge", "pocket", "--out", str(tmp_path / "out"), "--dry-run", "--limit", "4"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    planned = json.loads(said.stdout)
    assert (planned["requests"], planned["planner calls"], planned["judge calls at most"]) == (4, 4, 4)
    assert planned["generator calls at most"] == 4 * 30 * 5
    assert not (tmp_path / "out").exists()


def test_what_is_wrong_with_the_data_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    data = write(tmp_path / "in", [{"prompt_id": 1}])
    said = CliRunner().invoke(app, ["evaluate", "wise", "--data", data, "--out", str(tmp_path / "out")])
    assert said.exit_code == 1
    assert "rows.jsonl, line 1: Prompt: field required" in said.output
    assert not (tmp_path / "out").exists()
