"""What a critic that says its verdict first is worth is measured against the same critic that thinks first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.backends.quick import Sure
from core.dialect import verdict_reply
from core.errors import ReplyError
from core.types import Verdict
from tests.core.backends.tiny_vlm import TinyVlm, teach
from tests.train.curated_rows import PAIRS, RL, curated, rl_row, small_critic, verdict, write
from train.cli import app
from train.rewarding import held_out
from train.verdictfirst import Compared, Cost, Said, compare

SURE = Sure(accept=0.9, refine=0.1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return curated(tmp_path_factory.mktemp("curated"))


ASKED_FOR_RED = [(asked, seen) for asked, seen in PAIRS if asked == "red"]  # a success and none


def hasty_critic() -> TinyVlm:
    """Has learned to give its verdict without a thought where red was asked for."""
    tiny = small_critic()
    rows = [(rl_row(*pair), verdict(*pair).model_copy(update={"thought": ""})) for pair in ASKED_FOR_RED]
    teach(tiny, [(row["prompt"], row["images"], verdict_reply(told, row["step_prompt"])) for row, told in rows], 90, rate=5e-3)
    return tiny


def test_a_critic_that_was_taught_to_say_its_verdict_first_is_sure_at_once_and_saves_tokens(tmp_path: Path) -> None:
    data = tmp_path / "curated"
    write(data / "critic_rl" / "validation-00000-of-00001.parquet", [rl_row(*pair) for pair in ASKED_FOR_RED], RL)
    critic = hasty_critic().save(tmp_path / "critic")
    words = ["evaluate", "verdict-first", "--model", str(critic), "--data", str(data), "--accept", "0.8", "--refine", "0.2"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout.splitlines()[-1])
    for share in ("agree", "decided at once", "balanced accuracy, first", "balanced accuracy, full"):
        assert (found[share]["value"], found[share]["n"]) == (1.0, 2), share
    assert 1 < found["tokens first"]["value"] < found["tokens full"]["value"]  # one accepted by a token, one refused by more
    saved = 1 - found["tokens first"]["value"] / found["tokens full"]["value"]
    assert found["tokens saved"]["value"] == pytest.approx(saved, abs=1e-3)
    assert found["seconds full"]["value"] > 0


def test_a_critic_that_knows_nothing_is_sure_of_nothing_and_wrong_either_way(data: Path, tmp_path: Path) -> None:
    critic = small_critic().save(tmp_path / "critic")
    heard: list[tuple[int, int]] = []
    found = compare(str(critic), held_out(data, "train", 2, 0), SURE, watch=lambda done, of: heard.append((done, of)))
    assert all(first == last == Said(None, None, at_once=False) for _, first, last in found.attempts)
    assert found.figures["agree"]["value"] == 1.0
    assert "agree where decided at once" not in found.figures
    assert heard == [(2, 2)]


def test_figures_are_of_each_truth_and_a_verdict_that_cannot_be_read_is_wrong() -> None:
    yes, no, unread = Said(True, 0.95, True), Said(False, 0.4, False), Said.of(ReplyError("No."), SURE)
    found = Compared(
        attempts=((True, yes, yes), (True, yes, no), (False, no, no), (False, unread, no)),
        costs=(Cost(4, (10, 100), (1.0, 4.0)),),
    ).figures
    assert found["agree"]["value"] == 0.5
    assert (found["decided at once"]["value"], found["agree where decided at once"]["value"]) == (0.5, 0.5)
    assert (found["good accepted, first"]["value"], found["bad refused, first"]["value"]) == (1.0, 0.5)
    assert (found["balanced accuracy, first"]["value"], found["balanced accuracy, full"]["value"]) == (0.75, 0.75)
    assert (found["tokens first"]["value"], found["tokens saved"]["value"]) == (2.5, 0.9)
    assert (found["seconds full"]["value"], found["seconds saved"]["value"]) == (1.0, 0.75)


@pytest.mark.parametrize(("p_success", "thought", "at_once"), [(0.95, "", True), (0.5, "", False), (0.95, "Well.", False)])
def test_only_what_was_sure_without_a_thought_was_decided_at_once(p_success: float, thought: str, at_once: bool) -> None:
    told = Verdict(accepted=True, thought=thought, p_success=p_success)
    assert Said.of(told.model_copy(update={"raw": verdict_reply(told, "A cat.")}), SURE).at_once is at_once


def test_thresholds_in_the_wrong_order_are_refused(data: Path) -> None:
    words = ["evaluate", "verdict-first", "--model", "pocket", "--data", str(data), "--accept", "0.1", "--refine", "0.9"]
    assert CliRunner().invoke(app, words).exit_code == 2
