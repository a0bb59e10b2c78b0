"""What is worth learning from is kept, each dropped row has its reason, and no request is on both sides."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.commands import Overrule
from core.dialect import parse_plan, parse_verdict
from core.ports import Score
from core.store import Store
from tests.core.telling import tell
from tests.train.schooling import Seer, agents, fill, one_story, read, scored
from train.cli import app
from train.curation import work
from train.curation.candidates import FOLDERS, Candidate
from train.curation.filters import cutoff, side_of, slope, unfit, variance
from train.curation.ledger import EXACT, NEAR, OUTRANKED, UNBALANCED, Ledger
from train.curation.settings import Curation
from train.curation.sources import SeveralJudges, Sources
from train.curation.work import NothingUsable, curate
from train.judging import score_all
from train.scores import Scores

marks = st.lists(st.floats(0, 10), min_size=1, max_size=6)
LOOSE = Curation(balance=0, validation=0.3, low=0, trend=-10, degradation=10)


def rows(out: Path, folder: str, side: str = "*") -> list[dict[str, Any]]:
    from datasets import load_dataset

    files = sorted(map(str, (out / folder).glob(f"{side}-*.parquet")))
    return list(load_dataset("parquet", data_files=files, split="train", cache_dir=str(out / "cache"))) if files else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of twelve stories with scores."""
    with Store(tmp_path / "data") as store:
        fill(store, 12)
        scored(store)
    return tmp_path / "data"


# ---------------------------------------------------------------- filters


@given(marks)
def test_steps_that_get_better_or_are_good_throughout_are_kept_and_no_others(scores: list[float]) -> None:
    settings = Curation()
    why = unfit(scores, settings)
    if min(scores) >= settings.high:
        assert why == ""
    elif max(scores) < settings.low:
        assert why == "low throughout"
    elif len(scores) > 1 and slope(scores) < 0:
        assert why == "negative trend"
    else:
        assert (why == "degraded") == (max(scores) - scores[-1] > settings.degradation)


@given(st.lists(st.floats(0, 10), min_size=2, max_size=6).map(sorted))
def test_a_step_that_never_got_worse_is_dropped_only_if_it_is_low_throughout(scores: list[float]) -> None:
    assert unfit(scores, Curation()) in ("", "low throughout")


def test_a_step_with_an_attempt_that_has_no_score_is_kept_or_dropped_as_told() -> None:
    assert unfit([9.0, None, 1.0], Curation()) == ""
    assert unfit([9.0, None, 1.0], Curation(unscored="drop")) == "not scored"
    assert variance([9.0, None]) is None


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0]), st.integers(1, 5)), min_size=1), st.floats(0.5, 4))
def test_steps_of_more_variance_go_to_rl_and_no_other_cut_is_nearer_to_the_ratio(steps: list, ratio: float) -> None:
    cut, total = cutoff(steps, ratio), sum(count for _, count in steps)

    def off(at: float) -> float:
        return abs(sum(count for value, count in steps if value > at) - total / (1 + ratio))

    assert all(off(cut) <= off(other) + 1e-9 for other in {value for value, _ in steps})
    assert cut >= 0, "steps that do not vary never go to RL"


@given(st.text(max_size=20), st.integers(0, 99))
def test_the_side_follows_from_the_request_alone(stem: str, seed: int) -> None:
    settings = Curation(seed=seed, validation=0.5)
    assert side_of(stem, settings) == side_of(stem, settings.model_copy(update={"balance": 9.0}))
    assert side_of(stem, Curation(seed=seed, validation=0)) == "train"


# ---------------------------------------------------------------- the ledger

critics = st.builds(
    Candidate,
    kind=st.just("critic"),
    rows=st.sampled_from([{"critic_sft": int}, {"critic_rl": int}, {"critic_sft": int, "critic_rl": int}]),
    exact=st.integers(0, 60),
    near=st.integers(0, 40),
    number=st.integers(0, 2),
    truth=st.booleans(),
    step=st.integers(0, 9),
    spread=st.sampled_from([None, 0.0, 1.0, 3.0]),
    by_person=st.booleans(),
)


@given(st.lists(critics, max_size=80), st.sampled_from([1.0, 2.0]))
def test_every_candidate_goes_somewhere_or_has_a_reason_and_verdicts_are_balanced(given: list, balance: float) -> None:
    ledger = Ledger(Curation(balance=balance))
    for one in given:
        ledger.enter(one, "train")
    ledger.settle()
    kept = [(ledger.decided(n), one) for n, one in enumerate(given)]
    assert sum(place is not None for place, _ in kept) + sum(ledger.dropped()["critic"].values()) == len(given)
    assert all(place[0] in one.rows for place, one in kept if place)
    cells = Counter((one.number, one.truth) for place, one in kept if place)  # SFT and RL together
    for number, truth in cells:
        assert cells[number, truth] <= balance * cells[number, not truth]
    names = [one.near for place, one in kept if place]
    assert len(names) == len(set(names))


def test_a_persons_verdict_takes_the_place_of_the_critics_on_the_same_case() -> None:
    ledger = Ledger(Curation(balance=0))
    for exact, near, person in [(1, 7, False), (2, 7, True), (2, 7, True), (3, 7, False)]:
        ledger.enter(Candidate("critic", "", {"critic_sft": int}, exact, near, truth=True, by_person=person), "train")
    ledger.settle()
    assert [ledger.decided(n) is not None for n in range(4)] == [False, True, False, False]
    assert ledger.dropped()["critic"] == {OUTRANKED: 1, EXACT: 1, NEAR: 1}


# ---------------------------------------------------------------- a whole curation


def test_the_rows_open_with_their_pictures_and_mean_what_the_stories_say(folder: Path, tmp_path: Path) -> None:
    made = curate([folder], tmp_path / "out", LOOSE)
    assert made.total == sum(len(rows(tmp_path / "out", name)) for name in FOLDERS)
    assert all(made.rows[name]["train"] for name in FOLDERS)
    with Store(folder, write=False) as store:
        stories = {story.id: story for story in read(store)}
    for row in rows(tmp_path / "out", "planner_sft"):
        plan = parse_plan(row["completion"][0]["content"][0]["text"])
        steps = stories[row["story"]].trajectory.steps
        assert [step.prompt for step in plan.steps] == [step.prompt for step in steps[row["number"] :]]
        assert len(row["images"]) == row["number"]
    for row in rows(tmp_path / "out", "critic_rl"):
        case = next(c for c in stories[row["story"]].cases if c.attempt.key.model_dump() == key_of(row))
        assert (row["truth"], row["step_prompt"]) == (case.critic and case.critic.verdict.accepted, case.prompt)
        assert row["images"][1].size == row["images"][0].size
        assert 0 <= row["semantics"] <= 10
    for row in rows(tmp_path / "out", "preference"):
        chosen, rejected = (parse_verdict(row[name][0]["content"][0]["text"]) for name in ("chosen", "rejected"))
        assert chosen != rejected
    for name in FOLDERS:
        for row in rows(tmp_path / "out", name):
            marks = [part["type"] for message in row["prompt"] for part in message["content"]]
            assert marks.count("image") == len(row["images"])
            assert row["weight"] == 1.0


def key_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("step", "revision", "number")}


def test_no_request_is_on_both_sides_whatever_branches_copies_and_profiles_there_are(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        for story in fill(store, 10):
            branch = store.branch(story.id, "person:bob")
            edited = next(tried for tried in branch.trajectory.tries)
            branch.send(Overrule(attempt=edited.attempt.key, accepted=False, refined_prompt="Draw it anew"), "person:bob")
            tell(branch, store.images, agents())
        scored(store)
    with Store(tmp_path / "other") as other:
        fill(other, 10, profile="klein-4b", steps=2)
    curate([tmp_path / "data", tmp_path / "other"], tmp_path / "out", LOOSE)
    stems = {
        side: {r["stem"] for name in FOLDERS for r in rows(tmp_path / "out", name, side)} for side in ("train", "validation")
    }
    assert stems["train"]
    assert stems["validation"]
    assert not stems["train"] & stems["validation"]


def test_the_same_folders_and_seed_give_the_same_rows_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        curate([folder], tmp_path / name, Curation(seed=seed, validation=0.3))
    found = {name: [rows(tmp_path / name, part) for part in FOLDERS] for name in ("one", "two", "three")}
    assert plain(found["one"]) == plain(found["two"]) != plain(found["three"])


def plain(found: list[list[dict[str, Any]]]) -> str:
    return json.dumps([[{**row, "images": len(row["images"])} for row in part] for part in found])


def test_a_folder_given_twice_gives_every_row_once(folder: Path, tmp_path: Path) -> None:
    once = curate([folder], tmp_path / "once", LOOSE)
    twice = curate([folder, folder], tmp_path / "twice", LOOSE)
    assert twice.rows == once.rows
    assert sum(reasons.get(EXACT, 0) for reasons in twice.dropped.values()) >= once.total


def test_people_are_kept_before_others_and_counted(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        for story in fill(store, 8):
            tried = story.trajectory.tries[0]
            wish = Overrule(
                attempt=tried.attempt.key, accepted=not (tried.critic and tried.critic.accepted), refined_prompt="More"
            )
            story.send(wish, "person:bob")
        scored(store)
    made = curate([tmp_path / "data"], tmp_path / "out", LOOSE.model_copy(update={"person_weight": 2.0}))
    taught, asked = (
        [row for row in rows(tmp_path / "out", name) if row["source"] == "person"] for name in ("critic_sft", "critic_rl")
    )
    assert made.people_judged == 8
    assert made.people_changed["critic_sft"] + made.people_changed["critic_rl"] == len(taught) + len(asked) == 8
    assert {row["weight"] for row in taught + asked} == {2.0}
    assert all(row["truth"] for row in asked), "in RL the words of a person who refused would be lost; a verdict alone is not"
    assert made.creators_changed == made.people_changed


def test_the_truth_is_the_score_where_that_is_asked_for_and_contradicted_verdicts_are_not_taught(
    folder: Path, tmp_path: Path
) -> None:
    made = curate([folder], tmp_path / "out", LOOSE.model_copy(update={"truth": "score", "pass_score": 5.0}))
    assert made.dropped["critic"]["the score contradicts the verdict"] > 0
    for row in rows(tmp_path / "out", "critic_rl"):
        assert row["truth"] == (min(row["semantics"], row["quality"]) >= 5)


def test_scores_of_two_judges_are_never_mixed(folder: Path, tmp_path: Path) -> None:
    other = Seer(lambda case: Score(7.0, 7.0))
    other.name = "other@1"
    with Store(folder) as store:
        for _ in score_all(store, Scores(folder, other.name), other):
            pass
    with pytest.raises(SeveralJudges, match="other@1 and seer@1"):
        curate([folder], tmp_path / "out", LOOSE)
    made = curate([folder], tmp_path / "out", LOOSE.model_copy(update={"judge": "other@1"}))
    assert set(made.scores) == {7}


def test_unscored_stories_teach_by_sft_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        fill(store, 4)
    made = curate([tmp_path / "data"], tmp_path / "out", LOOSE)
    assert made.scored == 0
    assert sum(made.rows["critic_sft"].values()) > 0
    assert sum(made.rows["critic_rl"].values()) == 0


def test_nothing_usable_is_refused_with_the_reasons_and_leaves_an_earlier_curation(folder: Path, tmp_path: Path) -> None:
    curate([folder], tmp_path / "out", LOOSE)
    before = rows(tmp_path / "out", "critic_sft")
    with Store(tmp_path / "empty"):
        pass
    with pytest.raises(NothingUsable, match="no story"):
        curate([tmp_path / "empty"], tmp_path / "out", LOOSE)
    with Store(tmp_path / "unscored") as store:
        fill(store, 2)
    with pytest.raises(NothingUsable, match=r"\d+ × not scored"):
        curate([tmp_path / "unscored"], tmp_path / "out", Curation(unscored="drop", whole=False, cuts=0))
    assert len(rows(tmp_path / "out", "critic_sft")) == len(before)
    assert json.loads((tmp_path / "out" / "report.json").read_text())["total"] == 0


def test_a_story_that_goes_on_meanwhile_is_read_as_it_was(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = curate([folder], tmp_path / "whole", LOOSE)
    settle = Ledger.settle

    def meanwhile(ledger: Ledger) -> None:
        with Store(folder) as store:
            first = store.open_story(store.ids()[0])
            first.send(Overrule(attempt=first.trajectory.tries[0].attempt.key, accepted=False), "person:bob")
            one_story(store, 99)
        settle(ledger)

    monkeypatch.setattr(Ledger, "settle", meanwhile)
    assert curate([folder], tmp_path / "out", LOOSE).rows == whole.rows


def test_a_picture_that_is_gone_costs_its_rows_and_no_others(folder: Path, tmp_path: Path) -> None:
    with Store(folder, write=False) as store:
        last = read(store)[0].cases[-1].attempt.image
        store.images.path(last).unlink()
    made = curate([folder], tmp_path / "out", LOOSE)
    assert made.total > 0
    assert sum(reasons.get(work.PICTURE_GONE, 0) for reasons in made.dropped.values()) >= 1


def test_no_more_than_a_few_rows_are_in_memory_at_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is built only after the one before it was handed on, and files are written in groups."""
    from train.curation import shards

    monkeypatch.setattr(shards, "GROUP_ROWS", 2)
    waiting: list[int] = []
    flush = shards._File._flush

    def watched(file: shards._File) -> None:
        waiting.append(len(file._waiting))
        flush(file)

    monkeypatch.setattr(shards._File, "_flush", watched)
    made = curate([folder], tmp_path / "out", LOOSE.model_copy(update={"rows_a_shard": 3}))
    assert max(waiting) <= 2
    assert len(list((tmp_path / "out").glob("*/*.parquet"))) > made.total / 4


def test_stories_are_read_one_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    events = Store.events
    monkeypatch.setattr(Store, "events", lambda store, story_id: (opened.append(story_id), events(store, story_id))[1])
    with Sources([folder]) as sources:
        walk = sources.walk()
        for count in range(1, 4):
            next(walk)
            assert len(opened) == count


def test_the_report_counts_every_row_that_was_dropped(folder: Path, tmp_path: Path) -> None:
    made = curate([folder], tmp_path / "out", Curation())
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    page = (tmp_path / "out" / "report.html").read_text()
    assert report["dropped"] == made.dropped
    assert report["dropped"]["critic"][UNBALANCED] > 0
    assert all(reason in page for reasons in made.dropped.values() for reason in reasons)
    critic = sum(made.dropped["critic"].values()) + sum(sum(made.rows[name].values()) for name in ("critic_sft", "critic_rl"))
    assert critic == made.attempts
    for row in made.verdicts.values():
        assert row["kept_true"] <= row["true"]
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (run["command"], run["seeds"]) == ("curate", {"seed": 0})
    assert all(run["inputs"].values())


def test_without_rows_for_sft_every_attempt_is_there_to_be_measured_on(folder: Path, tmp_path: Path) -> None:
    usual = Curation(balance=0, validation=0, high=0, truth="score")
    split = curate([folder], tmp_path / "split", usual)
    made = curate([folder], tmp_path / "out", usual.model_copy(update={"sft_to_rl": 0.0}))
    assert made.rows["critic_sft"]["train"] == 0
    assert made.rows["critic_rl"]["train"] > split.rows["critic_rl"]["train"] + split.rows["critic_sft"]["train"]


def test_the_command_has_an_option_for_each_setting_and_says_what_it_did(folder: Path, tmp_path: Path) -> None:
    given = ["curate", "--data", str(folder), "--out", str(tmp_path / "out"), "--balance", "0", "--validation", "0.3"]
    looked = CliRunner().invoke(app, [*given, "--dry-run"])
    assert looked.exit_code == 0
    assert not (tmp_path / "out").exists()
    done = CliRunner().invoke(app, given)
    said = json.loads(done.stdout.splitlines()[-1])
    assert json.loads(looked.stdout.splitlines()[-1])["rows"] == said["rows"]
    strict = CliRunner().invoke(app, [*given, "--variance", "1000"])
    assert "no row to train on in critic_rl" in strict.stderr
    helped = CliRunner().invoke(app, ["curate", "--help"], env={"COLUMNS": "300"}).stdout
    assert [name for name in Curation.model_fields if f"--{name.replace('_', '-')}" not in helped] == []
    wrong = CliRunner().invoke(app, [*given, "--low", "11"])
    assert wrong.exit_code == 2
    assert "--low" in wrong.stderr


def test_slopes_are_marks_an_attempt_and_variances_are_squared_marks() -> None:
    assert [slope([1.0]), slope([1.0, 3.0]), slope([4.0, 3.0, 2.0])] == [0, 2, -1]
    assert [variance([1.0]), variance([1.0, 3.0])] == [0, 1]


def test_stories_of_a_profile_that_is_not_here_are_worded_by_the_usual_pack_only_with_a_warning(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        fill(store, 4, profile="somebody-elses")
        scored(store)
    command = ["curate", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--validation", "0"]
    assert "'somebody-elses' of 4 stories" in CliRunner().invoke(app, command).stderr
    assert "somebody-elses" not in CliRunner().invoke(app, [*command, "--pack", "pocket"]).stderr
