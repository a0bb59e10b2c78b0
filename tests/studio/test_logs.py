"""Laws of the lines for machines: what happened is in them, and nobody's words are."""

from __future__ import annotations

import ast
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL.Image import Image

from core.backends.fake import Conduct, scripted_agents, tiles
from core.commands import Overrule
from core.ports import DrawCase
from core.types import AttemptKey, Plan, PlannedStep, Verdict
from studio.logs import OURS, Lines, hear, log
from studio.visitors import Visitor
from tests.studio.storybook import House

ROOT = Path(__file__).parents[2]
SECRET = "Xyzzy"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
ANN = Visitor(f"{SECRET}-ann")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written for machines by all loggers of ours."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Lines())
    monkeypatch.setattr(log, "level", logging.INFO)
    ours = [logging.getLogger("studio"), logging.getLogger("elsewhere")]
    for logger in ours:
        logger.addHandler(handler)
    log.manager._clear_cache()  # type: ignore[attr-defined]
    yield written
    for logger in ours:
        logger.removeHandler(handler)
    log.manager._clear_cache()  # type: ignore[attr-defined]


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def secretive(text: str) -> str:
    return f"{text} {SECRET} /home/{SECRET}/x.png"


def house_of_secrets(folder: Path, broken: bool = False) -> House:
    """Everything that models and people say has a secret in it; so has what a broken painter says."""

    def picture(case: DrawCase) -> Image:
        if broken:
            raise RuntimeError(secretive("no such file"))
        return tiles(case)

    steps = [PlannedStep(title=secretive("T"), prompt=secretive(f"P{n}"), caption=secretive("C")) for n in range(2)]
    verdict = Verdict(accepted=False, thought=secretive("No"), refined_prompt=secretive("Q"), p_success=0.25)
    plan = Plan(steps=tuple(steps), thought=secretive("A thought"))
    return House(folder / SECRET, scripted_agents([plan], picture, [verdict], Conduct(failures=1)))


def test_all_that_models_do_is_told_in_order_with_ids_and_seconds_and_nobodys_words(tmp_path: Path, lines: io.StringIO) -> None:
    with house_of_secrets(tmp_path) as house:
        house.worker.listen(hear)
        house.controller.start()
        story = house.open(secretive("A cat"), ANN, max_attempts=1)
        house.rest(story)
        house.send(story, Overrule(attempt=AttemptKey(step="s1", revision=0, number=0), accepted=True, note=SECRET), ANN)
        house.rest(story)
    told = read(lines)
    assert SECRET not in lines.getvalue()
    assert {line["story"] for line in told} == {story}
    calls = [(line["event"], line.get("stage"), line.get("step"), line.get("attempt")) for line in told]
    assert calls[:12] == [
        ("began", "planner", None, None),
        ("failed", "planner", None, None),
        ("began", "planner", None, None),
        ("planned", "planner", None, None),
        ("began", "painter", "s1", 0),
        ("failed", "painter", "s1", 0),
        ("began", "painter", "s1", 0),
        ("drawn", "painter", "s1", 0),
        ("began", "critic", "s1", 0),
        ("failed", "critic", "s1", 0),
        ("began", "critic", "s1", 0),
        ("judged", "critic", "s1", 0),
    ]
    assert calls[12] == ("settled", None, "s1", None)
    assert {line["code"] for line in told if line["event"] == "failed"} == {"agent"}
    assert all(line["seconds"] >= 0 for line in told if line["event"] in ("planned", "drawn", "judged", "failed"))
    assert sum(line["event"] == "judged" for line in told) == 2, "what a person decides is no model's doing"


def test_an_error_of_ours_is_told_by_its_kind_and_place_and_not_by_its_words(tmp_path: Path, lines: io.StringIO) -> None:
    with house_of_secrets(tmp_path, broken=True) as house:
        house.worker.listen(hear)
        house.controller.start()
        story = house.open(secretive("A cat"), ANN)
        house.rest(story, "stuck")
    assert SECRET not in lines.getvalue()
    assert str(ROOT) not in lines.getvalue()
    told = read(lines)
    fault = next(line for line in told if line["event"] == "log")
    assert (fault["level"], fault["logger"], fault["error"]) == ("error", "studio.worker", "RuntimeError")
    assert fault["message"] == "An internal error in the call for %s."
    assert fault["raised"][0].startswith("worker.py:_round:")
    assert fault["raised"][-1].startswith("test_logs.py:picture:")
    assert ("failed", "internal", story) in [(line["event"], line.get("code"), line.get("story")) for line in told]


def test_of_other_peoples_loggers_only_the_name_is_told(lines: io.StringIO) -> None:
    logging.getLogger("elsewhere.deep").error(f"Can't open /home/{SECRET}: %s", SECRET, extra={"fields": {"path": SECRET}})
    (line,) = read(lines)
    assert line.keys() == {"at", "level", "event", "logger"}
    assert (line["level"], line["logger"]) == ("error", "elsewhere.deep")


def test_a_message_of_ours_is_always_a_template() -> None:
    calls = 0
    for path in [path for top in OURS for path in (ROOT / top).rglob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in LEVELS:
                continue
            if isinstance(call.func.value, ast.Name) and call.func.value.id == "log" and path.name != "logs.py":
                calls += 1
                assert isinstance(call.args[0], ast.Constant), f"{path}:{call.lineno}: it would tell what is filled in"
    assert calls > 5


def test_all_of_stderr_is_lines_once_it_is_asked_for_whatever_libraries_set_up() -> None:
    code = (
        "import logging, sys, warnings\n"
        "from studio.logs import log_as_json, tell\n"
        "log_as_json()\n"
        "theirs = logging.getLogger('uvicorn.error')\n"
        "theirs.addHandler(logging.StreamHandler(sys.stderr)); theirs.propagate = False\n"
        "log_as_json()\n"
        "theirs.error('at /home/somebody'); warnings.warn('old'); tell('opened', version='1', none=None)\n"
        "logging.getLogger('studio.x').warning('Story %s', 'words', extra={'story': 'abc'})\n"
        "logging.getLogger('core').info('quiet')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["event"], line.get("logger")) for line in told] == [
        ("log", "uvicorn.error"),
        ("log", "py.warnings"),
        ("opened", None),
        ("log", "studio.x"),
    ]
    assert told[2].keys() == {"at", "level", "event", "version"}
    assert (told[3]["message"], told[3]["story"]) == ("Story %s", "abc")
    assert done.stdout == ""


def test_unless_it_is_asked_for_nothing_is_told_of_what_goes_well() -> None:
    code = "import logging\nfrom studio.logs import tell\ntell('opened')\nlogging.getLogger('studio').error('bad')\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "bad\n")
