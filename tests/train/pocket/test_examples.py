"""Examples are endless, the same for the same seed, true, and readable by the dialect that the studio speaks."""

from __future__ import annotations

from itertools import islice
from typing import get_args

import pytest

from core.dialect import parse_plan, parse_verdict
from core.pocket.world import MAX_THINGS, parse_program
from train.pocket.examples import Example, Role, corpus, examples
from train.pocket.intents import check
from train.pocket.reading import parse_prompt

ROLES: tuple[Role, ...] = get_args(Role)


def some(role: Role, count: int, seed: int = 1) -> list[Example]:
    return list(islice(examples(role, seed), count))


def images(example: Example) -> int:
    return sum(part["type"] == "image" for message in example.messages for part in message["content"])


@pytest.mark.parametrize("role", ROLES)
def test_the_same_seed_gives_the_same_examples_and_another_seed_gives_others(role: Role) -> None:
    assert some(role, 20) == some(role, 20)
    assert some(role, 20) != some(role, 20, seed=2)


@pytest.mark.parametrize("role", ROLES)
def test_every_image_placeholder_has_its_scene(role: Role) -> None:
    for example in some(role, 200):
        assert example.role == role
        assert images(example) == len(example.scenes)


def test_a_description_is_the_scene_program() -> None:
    for example in some("describe", 100):
        assert parse_program(example.completion) == example.scenes[0]


def test_explicit_prompts_are_followed_and_vague_ones_only_mostly() -> None:
    followed: dict[str, list[bool]] = {}
    for example in some("painter", 3000):
        facts = example.facts
        done = check(facts["intent"], facts["before"], parse_program(example.completion)).success
        followed.setdefault(facts["style"], []).append(done)
    rates = {style: sum(done) / len(done) for style, done in followed.items()}
    assert rates["explicit"] == 1.0
    assert 0.6 < rates["vague"] < 0.85
    assert all(0.75 < rates[style] < 1.0 for style in ("paraphrased", "terse", "long"))


def test_a_verdict_is_the_truth_and_a_success_repeats_the_current_prompt() -> None:
    for example in some("critic", 1000):
        facts, verdict = example.facts, parse_verdict(example.completion)
        intent = parse_prompt(facts["prompt"], whole=facts["before"] is None)
        assert verdict.accepted == facts["success"] == check(intent, facts["before"], facts["after"]).success
        assert (facts["fault"] == "none") == facts["success"]
        if facts["success"]:
            assert example.completion.endswith(f'"refine_prompt": "{facts["current"]}"}}</answer>')
        else:
            assert verdict.refined_prompt


def test_verdicts_are_balanced_and_no_fault_outweighs_the_others() -> None:
    faults: dict[str, int] = {}
    for example in some("critic", 4000):
        faults[example.facts["fault"]] = faults.get(example.facts["fault"], 0) + 1
    assert 0.45 < faults.pop("none") / 4000 < 0.55
    unrelated = faults.pop("unrelated")
    assert 0.25 < unrelated / (unrelated + sum(faults.values())) < 0.45
    assert max(faults.values()) < 6 * min(faults.values())


def test_every_plan_reads_back_keeps_its_count_and_can_be_drawn_step_by_step() -> None:
    for example in some("planner", 600):
        facts, plan = example.facts, parse_plan(example.completion)
        assert len(plan.steps) == facts["steps"] == len(facts["scenes"])
        assert facts["asked_steps"] in (None, facts["steps"])
        assert 2 <= facts["steps"] <= 8
        before = None
        for step, scene in zip(plan.steps, facts["scenes"], strict=True):
            assert len(scene.things) <= MAX_THINGS
            assert step.title
            assert step.instruction
            assert step.caption
            assert step.prompt
            assert check(parse_prompt(step.prompt, whole=before is None), before, scene).success, step.prompt
            before = scene


def test_what_a_request_asks_for_comes_to_pass() -> None:
    for example in some("planner", 600):
        asked, scenes = example.facts["asked"], example.facts["scenes"]
        if asked.place:
            assert scenes[0].place == asked.place
        for event, value in asked.asked:
            if event in ("find", "friend"):
                shown = [thing for scene in scenes if (thing := scene.find(value.kind))]
                assert shown, example.facts["request"]
                assert value.colour in (None, shown[0].colour)
                assert value.count in (None, shown[0].count)


def test_the_hero_is_named_in_the_first_prompt_and_keeps_the_name() -> None:
    for example in some("planner", 300):
        plan, names = parse_plan(example.completion), example.facts["names"]
        hero = next((thing.kind for thing in example.facts["scenes"][0].things if thing.kind in names), None)
        if hero:
            assert names[hero] in (plan.steps[0].prompt or "")
            assert f"called {names[hero]}" in plan.thought


def test_captions_have_no_holes_and_no_story_tells_a_caption_twice() -> None:
    for example in some("planner", 600):
        captions = [step.caption or "" for step in parse_plan(example.completion).steps]
        assert len(set(captions)) == len(captions)
        for caption in captions:
            assert "{" not in caption
            assert "  " not in caption
            assert caption[0].isupper()
            assert len(caption.split()) <= 30


def test_the_corpus_holds_every_role() -> None:
    texts = list(corpus(0, 40))
    assert len(texts) == 40
    assert any("execution_plan" in text for text in texts)
    assert any("previous_step_success" in text for text in texts)
    assert any(text.startswith("Describe the picture.") for text in texts)
