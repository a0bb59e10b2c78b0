"""The annotator who is never wrong answers by the exact truth, through the same queue as everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from core.backends.fake import ScriptedCritic, ScriptedPainter, ScriptedPlanner
from core.commands import Open
from core.ports import Agents
from core.store import Query, Store
from core.types import Plan, PlannedStep, Policy, Request, Verdict
from tests.core.telling import tell
from tests.train.reviewing import told_in
from tests.train.test_controls import BALLOON, SEA, picture
from train.cli import app
from train.pocket.annotator import NAME, annotate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEPS = ("A medium orange cat on the left, on the beach in daylight.", "Add a red balloon at the top right.")
BOTH = SEA.with_things(*SEA.things, BALLOON)


def story(store: Store, drawn: list[Image.Image], accepted: bool) -> None:
    """Two steps, drawn as these pictures, on which the critic always says the same."""
    pictures = iter(drawn)
    critic = ScriptedCritic([Verdict(accepted=accepted, thought="I think so.", p_success=0.6)])
    plan = Plan(steps=tuple(PlannedStep(prompt=prompt) for prompt in STEPS))
    agents = Agents(ScriptedPlanner([plan]), ScriptedPainter(lambda _: next(pictures)), critic)
    told = store.create(Open(request=Request(text="A cat"), policy=Policy(max_attempts=1)))
    tell(told, store.images, agents)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data") as opened:
        yield opened


def test_it_agrees_where_the_critic_is_right_and_overturns_where_it_is_wrong(store: Store) -> None:
    story(store, [picture(SEA), picture(SEA)], accepted=True)  # the balloon is missing, and the critic does not see it
    given = list(annotate(store, 10, Query(order="story"), lambda: NOON))
    assert [(each.accepted, each.overturned) for each in given] == [(True, False), (False, True)]
    right, wrong = told_in(store.database.folder)[0].cases
    assert (right.changed, wrong.changed) == (False, True)
    assert wrong.said is not None
    assert wrong.said.by == f"person:{NAME}"
    assert "balloon" in (wrong.said.verdict.refined_prompt or "")
    assert "balloon" in wrong.said.verdict.thought


def test_it_answers_as_many_as_it_is_told_and_goes_on_after_them(store: Store) -> None:
    story(store, [picture(SEA), picture(BOTH)], accepted=False)
    assert len(list(annotate(store, 1, Query(order="newest"), lambda: NOON))) == 1
    assert len(list(annotate(store, 5, Query(order="newest"), lambda: NOON))) == 1
    assert all(case.said and case.said.verdict.accepted for case in told_in(store.database.folder)[0].cases)


def test_what_no_pocket_painter_drew_is_set_aside(store: Store) -> None:
    story(store, [Image.new("RGB", (96, 96)), Image.new("RGB", (96, 96), "red")], accepted=True)
    assert list(annotate(store, 10, Query(), lambda: NOON)) == []
    assert store.reviews.progress(NAME, Query(), NOON).own == 0


def test_the_command_says_how_many_it_answered_and_overturned(store: Store) -> None:
    story(store, [picture(SEA), picture(SEA)], accepted=True)
    store.close()  # who writes is alone with a folder
    said = CliRunner().invoke(app, ["pocket", "annotate", "--data", str(store.database.folder)])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout.splitlines()[-1]) == {"answered": 2, "accepted": 1, "overturned": 1}
