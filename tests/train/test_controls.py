"""A control leaves out what its name says, and nothing else; the benchmark tells the truth about what was drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from core.backends.fake import ScriptedCritic, ScriptedPainter, ScriptedPlanner, plan_of
from core.commands import Open
from core.errors import ReplyError
from core.pocket.render import render
from core.pocket.world import Scene, Thing
from core.ports import Agents, JudgeCase, PlanCase
from core.scheduler import run
from core.story import Story
from core.types import Plan, PlannedStep, Request, Verdict
from tests.core.telling import Memory
from train.benchmarks.figures import mean_of, paired
from train.cli import app
from train.controls import CONTROLS, Remembering, controlled
from train.pocket.benchmark import Item, Outcome, items, outcome
from train.pocket.intents import Wanted
from train.pocket.teacher import ExactCritic
from train.prompts import pocket_requests
from train.told import normal

REFUSAL = Verdict(accepted=False, p_success=0.1, refined_prompt="better")


def finished(stream: Any) -> Any:
    while True:
        try:
            next(stream)
        except StopIteration as end:
            return end.value


def told(control: Any, verdicts: Any = REFUSAL, most: int = 3) -> tuple[Story, ScriptedPainter, ScriptedCritic]:
    painter, critic = ScriptedPainter(), ScriptedCritic(verdicts if callable(verdicts) else [verdicts])
    agents, policy = controlled(Agents(ScriptedPlanner([plan_of(2)]), painter, critic), control, most)
    story = Story("story")
    story.send(Open(request=Request(text="A cat at sea"), policy=policy))
    for _ in run(story, agents, Memory()):
        pass
    return story, painter, critic


def prompts(painter: ScriptedPainter) -> list[str]:
    return [case.prompt for cases in painter.calls for case in cases]


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_tells_a_story_to_its_end(control: Any) -> None:
    story, _, _ = told(control)
    assert all(standing.settled for standing in story.trajectory.standings)


def test_alone_draws_the_request_once_and_asks_nobody() -> None:
    _, painter, critic = told("alone")
    assert prompts(painter) == ["A cat at sea"]
    assert not critic.calls


def test_of_a_plan_each_step_is_drawn_once() -> None:
    _, painter, critic = told("plan")
    assert len(prompts(painter)) == 2
    assert not critic.calls


def test_reseeding_draws_with_the_same_prompt_and_another_seed() -> None:
    _, painter, _ = told("reseed")
    cases = [case for cases in painter.calls for case in cases]
    assert [case.prompt for case in cases[:3]] == [cases[0].prompt] * 3
    assert len({case.seed for case in cases}) == len(cases) == 6


def test_the_best_of_n_is_drawn_with_one_prompt_and_chosen_by_the_critic() -> None:
    scores = iter([0.2, 0.9, 0.4] * 2)
    story, painter, _ = told("best-of-n", lambda _: Verdict(accepted=False, p_success=next(scores), refined_prompt="better"))
    assert "better" not in prompts(painter)
    assert [standing.settled.attempt.number for standing in story.trajectory.standings] == [1, 1]  # type: ignore[union-attr]


def test_a_rewritten_prompt_is_drawn_once_and_its_step_keeps_its_own() -> None:
    story, painter, critic = told("rewrite")
    assert prompts(painter) == ["better", "better"]
    assert [step.prompt for step in story.trajectory.steps] == [step.prompt for step in plan_of(2).steps]
    seen = [case for cases in critic.calls for case in cases]
    assert all(case.before is None or case.after is case.before for case in seen)  # nothing was drawn yet


@pytest.mark.parametrize("said", [Verdict(accepted=True), ReplyError("No verdict in it.")])
def test_a_prompt_that_is_not_rewritten_is_drawn_as_it_is(said: Any) -> None:
    _, painter, _ = told("rewrite", lambda _: said)
    assert "better" not in prompts(painter)


def test_remembered_plans_are_told_again_and_the_others_are_made() -> None:
    planner = ScriptedPlanner([plan_of(1)])
    known = Plan(steps=(PlannedStep(prompt="known"),))
    plans = finished(Remembering(planner, {"b": known}).plan([PlanCase(text, (), 0) for text in "abc"]))
    assert [plan is known for plan in plans] == [False, True, False]
    assert [[case.text for case in cases] for cases in planner.calls] == [["a", "c"]]


def test_more_candidates_than_a_round_may_have_are_refused_and_not_cut(tmp_path: Path) -> None:
    words = ["evaluate", "pocket", "--control", "best-of-n", "--max-attempts", "9", "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 2
    assert "at most 8" in said.output
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- the exact critic and the exact outcome

SEA = Scene(place="beach", view=1, time="day", weather="clear").with_things(
    Thing(slot="left", kind="cat", colour="orange", size="medium", count="one")
)
BALLOON = Thing(slot="top right", kind="balloon", colour="red", size="medium", count="one")


def picture(scene: Scene) -> Image.Image:
    image = render(scene, 96)
    image.info["program"] = scene.program()
    return image


def judged(before: Scene | None, after: Scene, prompt: str) -> Verdict:
    case = JudgeCase(picture(before) if before else None, picture(after), prompt, prompt, 0)
    (verdict,) = finished(ExactCritic().judge([case]))
    return verdict


def test_the_exact_critic_passes_what_was_asked_and_says_what_is_missing_or_changed() -> None:
    step = "Add a red balloon at the top right. Keep everything else as it is."
    assert judged(SEA, SEA.with_things(*SEA.things, BALLOON), step).accepted
    missing = judged(SEA, SEA, step)
    assert not missing.accepted
    assert "balloon" in (missing.refined_prompt or "")
    changed = SEA.with_things(SEA.things[0].model_copy(update={"colour": "brown"}), BALLOON)
    assert not judged(SEA, changed, step).accepted


def test_a_picture_without_a_program_cannot_be_judged_exactly() -> None:
    plain = Image.new("RGB", (96, 96))
    (made,) = finished(ExactCritic().judge([JudgeCase(None, plain, "A cat.", "A cat.", 0)]))
    assert isinstance(made, Exception)


def outcome_of(scenes: list[Scene], item: Item, accepted: bool = True) -> Outcome:
    """The outcome of a story whose painter draws these scenes in turn."""
    left = iter(scenes)
    steps = ("A medium orange cat on the left, on the beach in daylight.", "Add a red balloon at the top right.")
    plan = Plan(steps=tuple(PlannedStep(prompt=prompt) for prompt in steps))
    log: list[Any] = []
    story = Story("story", sink=lambda _name, _seq, events, _trajectory: log.extend(events))
    gallery = Memory()
    painter = ScriptedPainter(lambda _: picture(next(left)))
    agents, policy = controlled(Agents(ScriptedPlanner([plan]), painter, ScriptedCritic([Verdict(accepted=accepted)])), "none", 2)
    story.send(Open(request=Request(text=item.text), policy=policy))
    for _ in run(story, agents, gallery):
        pass
    return outcome(item, "story", log, gallery.load)


WISH = Item("one", "A cat and a balloon", (Wanted("cat"), Wanted("balloon", colour="red")), "beach", 2)
BOTH = SEA.with_things(*SEA.things, BALLOON)


def test_a_story_succeeds_only_if_all_of_it_is_as_it_was_asked_for() -> None:
    good = outcome_of([SEA, BOTH], WISH)
    assert (good.success, good.steps, good.right, good.first, good.drawn) == (True, 2, 2, 2, 2)
    assert (good.good, good.accepted, good.bad, good.refused) == (2, 2, 0, 0)
    assert not outcome_of([SEA, SEA], WISH).success  # a picture does not do its step
    longer = Item("one", WISH.text, WISH.wishes, WISH.place, 3)
    assert not outcome_of([SEA, BOTH], longer).length
    elsewhere = Item("one", WISH.text, (Wanted("penguin"),), None, None)
    assert not outcome_of([SEA, BOTH], elsewhere).wished


def test_a_critic_that_is_wrong_is_counted_as_wrong() -> None:
    strict = outcome_of([SEA, SEA, BOTH, BOTH], WISH, accepted=False)
    assert (strict.good, strict.accepted, strict.refused) == (4, 0, 0)


def test_the_benchmark_never_changes_asks_for_something_and_is_never_trained_on() -> None:
    first = list(items())
    assert first == list(items())
    assert len({item.id for item in first}) == 1000
    assert all(item.wishes for item in first)
    held_out = {normal(item.text) for item in first}
    trained = [asked.text for _, asked in zip(range(300), pocket_requests(0), strict=False)]
    assert held_out.isdisjoint(map(normal, trained))
    assert all(normal(text) for text in trained)


def test_a_paired_gain_knows_its_requests_and_an_interval_holds_its_mean() -> None:
    worse = [outcome_of([SEA, SEA, SEA], WISH)]
    better = [outcome_of([SEA, BOTH], WISH)]
    assert paired(worse, better, lambda each: float(each.success)).value == 1.0
    mean = mean_of([0.0, 1.0, 1.0, 0.0, 1.0])
    assert mean.value == pytest.approx(0.6)
    assert mean.low < mean.value < mean.high
