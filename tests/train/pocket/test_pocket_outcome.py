"""What became of a request is told exactly: what was followed, what was harmed, and whether the whole is as it was asked for."""

from __future__ import annotations

from typing import Any

from PIL import Image

from core.backends.fake import ScriptedCritic, ScriptedPainter, ScriptedPlanner
from core.commands import Open
from core.pocket.render import render
from core.pocket.world import Scene, parse_program
from core.ports import Agents
from core.scheduler import run
from core.story import Story
from core.types import Plan, PlannedStep, Policy, Request, Verdict
from tests.core.telling import Memory
from train.pocket.benchmark import Item, Outcome, outcome
from train.pocket.intents import Intent, Wanted

EVENING = parse_program("beach 2 evening clear; top right: one medium red balloon; left: one medium orange cat")
NIGHT = parse_program("beach 2 night clear; top right: one medium red balloon; left: one medium orange cat")
HARMED = parse_program("beach 2 night clear; top right: one medium blue balloon; left: one medium white cat")
FIRST = "A red balloon at the top right and an orange cat on the left, at the beach in the evening."
BALLOON, CAT = Wanted("balloon", "red"), Wanted("cat", "orange")


def picture(scene: Scene) -> Image.Image:
    image = render(scene, 96)
    image.info["program"] = scene.program()
    return image


def told(item: Item, prompts: tuple[str, ...], scenes: tuple[Scene, ...]) -> Outcome:
    """The outcome of a story with these prompts, drawn like that and let pass."""
    left, log = iter(scenes), list[Any]()
    plan = Plan(steps=tuple(PlannedStep(prompt=prompt) for prompt in prompts))
    agents = Agents(
        ScriptedPlanner([plan]), ScriptedPainter(lambda _: picture(next(left))), ScriptedCritic([Verdict(accepted=True)])
    )
    story, gallery = Story("story", sink=lambda _name, _seq, events, _trajectory: log.extend(events)), Memory()
    story.send(Open(request=Request(text=item.text), policy=Policy(max_attempts=1)))
    for _ in run(story, agents, gallery):
        pass
    return outcome(item, "story", log, gallery.load)


def edit(*after: Intent) -> Item:
    first = Intent(True, "beach", "evening", wanted=(BALLOON, CAT))
    return Item("edit-1", "One hour later", (BALLOON, CAT), None, 2, "edit", changes=((first,), after))


def test_an_edit_succeeds_by_what_is_shown_whatever_the_plan_says() -> None:
    item = edit(Intent(False, time="night"))
    for words in ("Make it night. Keep everything else as it is.", "One hour later"):
        assert told(item, (FIRST, words), (EVENING, NIGHT)).success
    assert not told(item, (FIRST, "Make it night."), (EVENING, HARMED)).success
    assert not told(item, (FIRST, "Keep everything as it is."), (EVENING, EVENING)).success
    assert not told(item, (FIRST,), (EVENING,)).success


def test_any_of_several_right_consequences_will_do() -> None:
    item = edit(Intent(False, gone=("balloon",)), Intent(False, time="night"))
    assert told(item, (FIRST, "Make it night."), (EVENING, NIGHT)).success


def test_what_an_edit_should_not_have_changed_is_counted() -> None:
    item = edit(Intent(False, time="night"))
    found = told(item, (FIRST, "Make it night. Keep the rest."), (EVENING, HARMED))
    assert (found.steps, found.followed, found.right) == (2, 2, 1)
    assert (found.edited, found.harmed, found.collateral) == (1, 1, 2)
    fine = told(item, (FIRST, "Make it night. Keep the rest."), (EVENING, NIGHT))
    assert (fine.followed, fine.right, fine.edited, fine.harmed, fine.collateral) == (2, 2, 1, 0, 0)
    deaf = told(item, (FIRST, "Make it night. Keep the rest."), (EVENING, EVENING))
    assert (deaf.followed, deaf.right, deaf.harmed) == (1, 1, 0)


def test_a_story_succeeds_only_if_its_pictures_are_what_its_plan_asks_for() -> None:
    story = Item("story-1", "A cat and a balloon", (BALLOON, CAT), "beach", 2)
    assert told(story, (FIRST, "Make it night."), (EVENING, NIGHT)).success
    assert not told(story, (FIRST, "Make it night."), (EVENING, HARMED)).success
    riddle = Item("knowledge-1", "The pet that purrs", (CAT,), None, 2, "knowledge", together=True)
    assert told(riddle, (FIRST, "Make it night."), (EVENING, HARMED)).success


def test_a_line_says_its_family_and_an_older_line_is_a_storys() -> None:
    line = told(edit(Intent(False, time="night")), (FIRST, "Make it night."), (EVENING, NIGHT)).json()
    assert line["family"] == "edit"
    for name in ("family", "followed", "edited", "harmed", "collateral"):
        del line[name]
    assert Outcome(**line).family == "story"
