"""Reviews leave in forms that other tools read, and nothing of them is a formula there."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as images
from typer.testing import CliRunner

from core.reviewing import Answer, PairItem, PlanAnswer
from core.store import Store
from core.types import PlannedStep
from tests.train.reviewing import (
    NOON,
    YES,
    cases_in,
    compare,
    paired_story,
    plan_review,
    say,
)
from tests.train.schooling import one_story
from train.cli import app
from train.formats.argilla import user_id
from train.formats.reviews import COLUMNS
from train.origins import hidden


@pytest.fixture
def paired(tmp_path: Path) -> tuple[Path, str, PairItem]:
    return paired_story(tmp_path / "data")


ATTACKS = ("=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1")


@pytest.fixture
def said(paired: tuple[Path, str, PairItem]) -> tuple[Path, str]:
    """A data folder with reviews of each kind, and of a story that was deleted since."""
    folder, story, pair = paired
    compare(folder, pair, ann="second")
    (first, second), *_ = [(one, case) for one, case in cases_in(folder) if one.id == story]
    with Store(folder) as store:
        store.reviews.publish("# Look closely", "eve", NOON)
        faulty = Answer(accepted=False, refined_prompt="=2+2", faults=("anatomy", "text"), semantics=6.5, quality=0, comment="-1")
        say(store, story, second.attempt.key, "ann", faulty, guideline=1)
        say(store, story, second.attempt.key, "=cmd", Answer(accepted=True, blind=True, seconds=2.5))
        other = one_story(store, 90)
        say(store, other.id, other.trajectory.tries[0].attempt.key, "ann", YES)
        store.delete(other.id)
    plan_review(folder, first.id, PlanAnswer(rating=2, steps=(PlannedStep(title="Only", prompt="Draw @all"),)))
    return folder, story


def exported(folder: Path, out: Path, *words: str) -> dict[str, Any]:
    command = ["export", "--format", "reviews", "--data", str(folder), "--out", str(out), *words]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_every_standing_review_leaves_with_what_was_judged_and_opens_as_a_data_set(
    said: tuple[Path, str], tmp_path: Path, form: str
) -> None:
    from datasets import load_dataset

    folder, story = said
    assert exported(folder, tmp_path / "out", "--as", form) == {"written": {"reviews": 4}, "left_out": 0}
    reader = {"jsonl": "json"}.get(form, form)
    file = str(tmp_path / "out" / f"reviews.{form}")
    opened = load_dataset(reader, data_files=file, split="train", cache_dir=str(tmp_path / "cache"))
    assert opened.column_names == list(COLUMNS)
    pair, refusal, accepted, plan = list(opened)
    case = next(case for one, case in cases_in(folder) if one.id == story)
    assert case.critic is not None
    assert [row["kind"] for row in opened] == ["pair", "attempt", "attempt", "plan"]
    assert (refusal["prompt"], refusal["current_prompt"]) == (case.prompt, case.attempt.prompt)
    assert (refusal["critic_accepted"], f"critic:{refusal['critic']}") == (case.critic.verdict.accepted, case.critic.by)
    assert refusal["p_success"] == pytest.approx(case.critic.verdict.p_success)
    assert (refusal["accepted"], refusal["semantics"], refusal["quality"], refusal["guideline"]) == (False, 6.5, 0, 1)
    assert (accepted["accepted"], accepted["blind"], accepted["seconds"]) == (True, True, 2.5)
    assert (pair["better"], plan["rating"]) == ("second", 2)
    assert datetime.fromisoformat(str(plan["at"])).replace(tzinfo=UTC) == NOON
    if form != "csv":
        assert refusal["faults"] == ["anatomy", "text"]
        assert plan["steps"][0]["prompt"] == "Draw @all"
        assert len(plan["plan"]) == 3
        assert (accepted["reviewer"], refusal["refined_prompt"]) == ("=cmd", "=2+2")
    picture = refusal["after"]
    size = (case.attempt.image.width, case.attempt.image.height)
    assert (picture.size if form == "parquet" else images.open(tmp_path / "out" / picture).size) == size
    assert refusal["before"] is None
    assert pair["other_after"] != pair["after"]


def test_no_cell_of_a_csv_begins_as_a_formula_does(said: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = said
    exported(folder, tmp_path / "out", "--as", "csv")
    with open(tmp_path / "out" / "reviews.csv", newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    cells = [cell for row in table for cell in row]
    assert len(table) == 5
    assert {len(row) for row in table} == {len(COLUMNS)}
    assert not [cell for cell in cells if cell.strip()[:1] in set("=+-@") and cell.strip()]
    assert {"'=2+2", "'=cmd", "'-1"} <= set(cells), "they are still there, as words"


@given(st.text(max_size=10) | st.sampled_from(ATTACKS) | st.lists(st.sampled_from(ATTACKS)) | st.floats(0, 10) | st.none())
def test_a_cell_is_never_a_formula_and_loses_nothing(value: Any) -> None:
    from train.formats.reviews import cell

    text = cell(value)
    assert not text.lstrip().startswith(tuple("=+-@＝＋－＠"))
    assert not text.startswith(("\t", "\r", "\n"))
    if isinstance(value, str):
        assert text.removeprefix("'") == value.removeprefix("'")


def test_argilla_gets_a_record_an_item_with_the_critics_suggestion_and_everybodys_response(
    said: tuple[Path, str], tmp_path: Path
) -> None:
    folder, story = said
    exported(folder, tmp_path / "out", "--as", "argilla", "--names", "hash")
    (record,) = json.loads((tmp_path / "out/attempts/records.json").read_text())
    case = next(case for one, case in cases_in(folder) if one.id == story)
    critic = case.critic and case.critic.verdict
    assert critic is not None
    assert critic.p_success is not None
    who = {name: user_id(hidden(name)) for name in ("ann", "=cmd")}
    assert set(record) == {"id", "fields", "metadata", "suggestions", "responses", "vectors", "_server_id"}
    assert record["fields"]["prompt"] == case.prompt
    assert record["fields"]["after"].startswith("data:image/png;base64,")
    assert "before" not in record["fields"]
    suggested = record["suggestions"]["accepted"]
    assert suggested["value"] == ("accepted" if critic.accepted else "refused")
    assert suggested["score"] == pytest.approx(critic.p_success if critic.accepted else 1 - critic.p_success)
    assert {(each["user_id"], each["value"]) for each in record["responses"]["accepted"]} == {
        (who["ann"], "refused"),
        (who["=cmd"], "accepted"),
    }
    assert [each["value"] for each in record["responses"]["faults"]] == [["anatomy", "text"]]
    assert [each["value"] for each in record["responses"]["semantics"]] == [6]
    assert {each["status"] for said in record["responses"].values() for each in said} == {"submitted"}
    assert json.loads((tmp_path / "out/reviewers.json").read_text()) == {user_id(hidden(n)): hidden(n) for n in ("ann", "=cmd")}
    for kind in ("attempts", "plans", "pairs"):
        settings = json.loads((tmp_path / f"out/{kind}/.argilla/settings.json").read_text())
        assert settings["guidelines"]
        fields, questions = ({each["name"]: each for each in settings[name]} for name in ("fields", "questions"))
        for one in json.loads((tmp_path / f"out/{kind}/records.json").read_text()):
            assert set(one["fields"]) <= set(fields)
            assert set(one["responses"]) <= set(questions)
            assert {name for name, each in fields.items() if each["required"]} <= set(one["fields"])
            for name, answers in one["responses"].items():
                options = [each["value"] for each in questions[name]["settings"].get("options", [])]
                values = [v for each in answers for v in (each["value"] if isinstance(each["value"], list) else [each["value"]])]
                assert not options or set(values) <= set(options)


def test_what_cannot_be_exported_is_said(said: tuple[Path, str], tmp_path: Path) -> None:
    folder, story = said
    out = ["--out", str(tmp_path / "out")]
    wrong = CliRunner().invoke(app, ["export", "--format", "records", "--data", str(folder), *out, "--as", "csv"])
    back = CliRunner().invoke(app, ["import", "--format", "reviews", str(folder), *out])
    assert (wrong.exit_code, back.exit_code) == (2, 2)
    assert "--as" in wrong.stderr
    looked = CliRunner().invoke(app, ["export", "--format", "reviews", "--data", str(folder), *out, "--dry-run"])
    assert looked.stdout == "4 reviews.\n"
    assert not (tmp_path / "out").exists()
    with Store(folder) as store:
        case = next(case for one, case in cases_in(folder) if one.id == story)
        store.images.path(case.attempt.image).unlink()
        with Store(tmp_path / "empty"):
            pass
    for form in ("jsonl", "csv", "parquet", "argilla"):
        assert exported(folder, tmp_path / form, "--as", form) == {"written": {"reviews": 2}, "left_out": 2}, "a picture is gone"
    none = CliRunner().invoke(app, ["export", "--format", "reviews", "--data", str(tmp_path / "empty"), *out])
    assert (none.exit_code, none.stdout) == (1, "")
    assert "no review" in none.stderr
