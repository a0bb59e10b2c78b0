"""The bundle that ships: real models, through the studio's own path, from a request to a finished story."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.casting import build_agents
from core.commands import Open
from core.events import Drawn, Judged, Planned
from core.pocket.render import render
from core.policy import Rest, next_task
from core.ports import Agents, DrawCase
from core.profiles import load_profile
from core.scheduler import Began, run
from core.store import Store
from core.trajectory import Trajectory
from core.types import Policy, Request
from train.pocket import evaluate
from train.pocket.evaluate import Figure

BUNDLES = Path(__file__).parents[1] / "assets" / "pocket"
ROLES = ("planner", "painter", "critic")
CASES = 60  # enough to see that a bundle is broken; `python -m train pocket measure` measures

Measure = Callable[[Agents], Mapping[str, Figure]]

pytestmark = pytest.mark.xdist_group("pocket")


@pytest.fixture(scope="module")
def agents() -> Agents:
    return build_agents(load_profile("pocket"))


def tell(store: Store, agents: Agents, text: str, seed: int = 0) -> tuple[Trajectory, list[str]]:
    """The story at its end, and the kinds of what happened on the way."""
    story = store.create(Open(request=Request(text=text, seed=seed), policy=Policy(max_attempts=3), profile="pocket"))
    happened = [type(notice.what).__name__ for notice in run(story, agents, store.images)]
    return story.trajectory, happened


def test_the_bundle_is_small_and_holds_nothing_that_runs() -> None:
    files = [path for path in BUNDLES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40 * 2**20
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".jinja", ".md"}
    for role in ROLES:
        assert json.loads((BUNDLES / role / "config.json").read_text())["architectures"] == ["Qwen3VLForConditionalGeneration"]


def test_the_cat_finds_the_red_balloon(store: Store, agents: Agents) -> None:
    t, happened = tell(store, agents, "A cat finds a red balloon by the sea")
    rest = next_task(t)
    assert isinstance(rest, Rest)
    assert rest.reason == "done"
    shown = " ".join(f"{standing.step.prompt} {standing.step.caption}" for standing in t.standings)
    assert all(word in shown for word in ("cat", "red balloon", "beach"))
    assert all(standing.settled for standing in t.standings)
    assert {Planned.__name__, Drawn.__name__, Judged.__name__, Began.__name__, "TextDelta", "StepProgress"} <= set(happened)
    first = t.standings[0].tries[0]
    assert (first.attempt.image.width, first.attempt.image.height) == (768, 768)
    assert first.critic is not None
    assert first.critic.thought.startswith("Picture: ")
    assert first.critic.p_success is not None


def test_the_same_request_and_seed_tell_the_same_story_picture_for_picture(tmp_path: Path, agents: Agents) -> None:
    def told(folder: str, seed: int) -> list[tuple[str, str]]:
        with Store(tmp_path / folder) as store:
            t, _ = tell(store, agents, "Mila the rabbit builds a snowman in the mountains, in two pictures", seed)
        return [(tried.attempt.prompt, tried.attempt.image.sha256) for tried in t.tries]

    once = told("once", 5)
    assert told("again", 5) == once
    assert told("other", 6) != once


@pytest.mark.parametrize(("words", "steps"), [("in three pictures", 3), ("in 6 pictures", 6)])
def test_a_story_has_as_many_pictures_as_were_asked_for(store: Store, agents: Agents, words: str, steps: int) -> None:
    story = store.create(Open(request=Request(text=f"A duck finds a kite in the meadow, {words}"), policy=Policy()))
    for notice in run(story, agents, store.images):
        if isinstance(notice.what, Planned):
            break
    assert len(story.trajectory.steps) == steps


@pytest.mark.parametrize("text", ["asdf", "🦄" * 50, "Ein Drache fliegt zum Mond", "<script>alert(1)</script>", "x " * 700])
def test_whatever_is_asked_there_is_a_story_or_a_reason(store: Store, agents: Agents, text: str) -> None:
    t, _ = tell(store, agents, text)
    rest = next_task(t)
    assert isinstance(rest, Rest)
    assert rest.reason == "done" or rest.message


def test_an_edit_keeps_the_picture_it_starts_from(agents: Agents) -> None:
    before = evaluate.scene_of("beach 2 day clear; left: one medium orange cat")
    assert before is not None
    call = agents.painter.draw(
        [DrawCase("Add a red balloon at the top right. Keep everything else as it is.", render(before, 768), 3)]
    )
    while True:
        try:
            next(call)
        except StopIteration as finished:
            [picture] = finished.value
            break
    drawn = evaluate.scene_of(picture.info["program"])
    assert drawn is not None
    assert (drawn.place, drawn.view, drawn.at("left")) == (before.place, before.view, before.at("left"))
    assert drawn.find("balloon") is not None


def _painter(agents: Agents) -> Mapping[str, Figure]:
    return evaluate.painter_adherence(agents.painter.vlm, CASES)  # type: ignore[attr-defined]


def _critic(agents: Agents) -> Mapping[str, Figure]:
    return evaluate.critic_accuracy(agents.critic.vlm, CASES)  # type: ignore[attr-defined]


def _planner(agents: Agents) -> Mapping[str, Figure]:
    return evaluate.planner_validity(agents.planner.vlm, CASES // 2)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("measure", "figure", "least"),
    [(_painter, "explicit", 0.8), (_critic, "balanced accuracy", 0.8), (_planner, "a plan", 0.98)],
    ids=ROLES[1:] + ROLES[:1],
)
def test_each_model_does_its_work(
    agents: Agents, measure: Callable[[Agents], Mapping[str, Figure]], figure: str, least: float
) -> None:
    assert measure(agents)[figure].value >= least
