"""Curves are drawn of what a run wrote down, and of a run that still goes on."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from train.cli import app
from train.plotting import plot, ticks
from train.runs import METRICS, RunError, append

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for step in range(1, 101):
        parts = {"parts/format/mean": 1 - 1 / step, "parts/format/std": 0.1, "reward": step / 100, "reward_std": 0.2}
        append(tmp_path / "critic & co" / METRICS, {"step": step, "loss": 5 / step, "kl": float("nan"), **parts})
    with (tmp_path / "critic & co" / METRICS).open("a") as file:
        file.write('{"step": 101, "lo')  # a line that is just being written
    return tmp_path / "critic & co"


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_panel_is_drawn_for_what_there_is_and_no_other(run: Path) -> None:
    said = texts(plot([run]))
    assert {"Loss", "Reward", "Reward by part", "format"} <= set(said)
    assert not {"KL", "Entropy", "accuracy"} & set(said)


def test_each_curve_has_its_band(run: Path) -> None:
    page = ElementTree.fromstring(plot([run]))
    lines, bands = list(page.iter(f"{SVG}polyline")), list(page.iter(f"{SVG}polygon"))
    assert len(lines) == len(bands) == 3
    assert all(len(line.get("points", "").split()) == 100 for line in lines)
    assert all(len(band.get("points", "").split()) == 200 for band in bands)


def test_several_runs_are_told_apart_by_their_names(run: Path, tmp_path: Path) -> None:
    append(tmp_path / "other" / METRICS, {"step": 1, "loss": 1.0})
    assert {"critic & co: train", "other: train"} <= set(texts(plot([run, tmp_path / "other"])))


def test_a_folder_without_steps_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no metrics"):
        plot([tmp_path])


def test_the_command_writes_the_drawing(run: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["plot", str(run), "--out", str(tmp_path / "curves" / "a.svg")])
    assert done.exit_code == 0, done.output
    ElementTree.parse(tmp_path / "curves" / "a.svg")


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_ticks_are_few_and_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 7
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in found)
