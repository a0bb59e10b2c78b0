"""Rewards that are measured are those that are trained on, of attempts that nobody is trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset
from typer.testing import CliRunner

from core.dialect import verdict_reply
from tests.train.curated_rows import COLOURS, canvas, curated, small_critic, verdict
from tests.train.test_grpo import Colourist, Eye
from train import rewarding, training
from train.cli import app
from train.curated import undecided
from train.redrawing import Redrawer
from train.rewarding import held_out, rewards_of
from train.runs import RunError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return curated(tmp_path_factory.mktemp("curated"))


@pytest.fixture(scope="module")
def critic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_critic().save(tmp_path_factory.mktemp("critic"))


def right(_: Any, rows: list[dict[str, Any]], seed: int) -> list[str]:
    """The replies of a critic that sees everything."""
    replies = []
    for row in rows:
        asked = row["step_prompt"].rstrip(".").split()[-1]
        seen = next(colour for colour in COLOURS if row["images"][1].convert("RGB").tobytes() == canvas(colour).tobytes())
        replies.append(verdict_reply(verdict(asked, seen), row["step_prompt"]))
    return replies


def test_a_critic_that_is_right_earns_all_there_is(data: Path, critic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewarding, "_replies", right)
    rows = held_out(data, "validation", None, 0)
    found = rewards_of(str(critic), rows, Redrawer(Colourist(), Eye()), replies=2, temperature=0.0, seed=0).figures
    assert found["format"]["value"] == 1.0
    assert found["accuracy"]["value"] == 0.0  # the paper's: 0 is right, -1 is wrong
    assert found["reward"]["n"] == len(rows)
    assert (found["good accepted"]["value"], found["bad refused"]["value"]) == (1.0, 1.0)
    assert found["good accepted"]["n"] + found["bad refused"]["n"] == len(rows)
    # Half of the attempts failed: drawn again with the right colour they gain, the others are left alone.
    assert found["overall"]["value"] == pytest.approx(found["step where drawn"]["value"] / 2, abs=1e-3)
    assert found["step where drawn"]["value"] > 0.3


def test_a_critic_that_knows_nothing_earns_nothing(data: Path, critic: Path) -> None:
    found = rewards_of(str(critic), held_out(data, "train", 2, 0), Redrawer(Colourist(), Eye()), 2, None, 0).figures
    assert (found["format"]["value"], found["accuracy"]["value"]) == (0.0, -1.0)
    assert "step where drawn" not in found


def test_rows_that_are_not_there_are_an_error_that_says_so(tmp_path: Path) -> None:
    folder = curated(tmp_path, held_out=False)
    with pytest.raises(RunError, match="no validation rows in critic_rl"):
        held_out(folder, "validation", None, 0)


def test_the_command_says_the_means_and_keeps_them(
    data: Path, critic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "redrawer_of", lambda painter, judge: Redrawer(Colourist(), Eye()))
    out = tmp_path / "rewards.json"
    words = ["evaluate", "rewards", "--model", str(critic), "--data", str(data), "--replies", "1", "--limit", "2"]
    said = CliRunner().invoke(app, [*words, "--split", "train", "--out", str(out)])
    assert said.exit_code == 0, said.output
    kept = json.loads(out.read_text())
    attempts, stories = kept.pop("attempts"), kept.pop("stories")
    assert stories == []  # these rows do not say whose they are
    assert json.loads(said.stdout.splitlines()[-1]) == kept
    assert kept["reward"]["n"] == 2
    assert kept["reward"]["value"] == pytest.approx(sum(attempts["reward"].values()) / 2, abs=1e-3)


def found_of(path: Path, good: dict[int, float], bad: dict[int, float], stories: list[str]) -> Path:
    path.write_text(json.dumps({"attempts": {"good accepted": good, "bad refused": bad}, "stories": stories}))
    return path


def test_undecided_attempts_are_those_whose_replies_are_not_all_right_nor_all_wrong(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"story": ["a", "a", "b", "b", "c"], "number": [0, 1, 2, 3, 4]})
    found = found_of(tmp_path / "r.json", {0: 1.0, 3: 0.75}, {1: 0.5, 2: 0.0, 4: 1.0}, rows["story"][:])
    assert undecided(rows, found)["number"][:] == [1, 3]


def test_attempts_are_only_chosen_by_what_was_found_of_these_very_rows(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"story": ["a", "b"]})
    with pytest.raises(RunError, match="other rows"):
        undecided(rows, found_of(tmp_path / "r.json", {0: 0.5}, {}, ["a", "c"]))
    with pytest.raises(RunError, match="nothing is left to learn from"):
        undecided(rows, found_of(tmp_path / "r.json", {0: 1.0}, {1: 0.0}, ["a", "b"]))
    for nonsense in ("", "[]", "{}", '{"attempts": [], "stories": []}'):
        (tmp_path / "r.json").write_text(nonsense)
        with pytest.raises(RunError, match="is not what evaluate rewards writes"):
            undecided(rows, tmp_path / "r.json")
