"""A row asks what inference asks, and teaches what counts: a person's words before a model's."""

from __future__ import annotations

import json

import pytest

from core.backends.vlm import VlmCritic, VlmPlanner
from core.commands import Overrule
from core.dialect import load_pack, parse_plan, parse_verdict
from core.engine import perform
from core.policy import JudgeAttempt, MakePlan
from core.ports import Score
from core.store import Store
from tests.train.schooling import fill, one_story, read
from train.origins import hidden
from train.pocket.examples import PACK
from train.rows import Blank, corrected_row, critic_prompt, critic_row, improving_row, planner_row, taught
from train.told import Case, Told, stem_of

pack = load_pack(PACK)


class Eavesdropper:
    """Stands in for a model's weights and keeps what it was asked."""

    name = "ear@1"

    def generate(self, conversations, images, seeds):  # type: ignore[no-untyped-def]
        self.asked = conversations
        self.images = images
        raise StopAsking
        yield


class StopAsking(Exception):
    pass


def heard(agent: VlmPlanner | VlmCritic, story: Told, task: MakePlan | JudgeAttempt, store: Store) -> Eavesdropper:
    from core.ports import Agents

    with pytest.raises(StopAsking):
        list(perform([(story.trajectory, task)], Agents(agent, agent, agent), store.images))  # type: ignore[arg-type]
    assert isinstance(agent.vlm, Eavesdropper)
    return agent.vlm


def judged(story: Told, accepted: bool) -> Case:
    return next(case for case in story.cases if case.critic and case.critic.verdict.accepted == accepted)


def test_the_critic_is_asked_in_training_what_inference_asks(store: Store) -> None:
    one_story(store, 1)
    (story,) = read(store)
    for case in story.cases:
        task = JudgeAttempt(attempt=case.attempt, prompt=case.prompt, seed=1)
        ear = heard(VlmCritic(Eavesdropper(), pack), story, task, store)  # type: ignore[arg-type]
        row = critic_row(pack, story, case)
        assert ear.asked == [row.prompt]
        before, after = row.images
        assert [image.size for image in ear.images[0]] == [(picture.width, picture.height) for picture in (before, after)]
        assert isinstance(before, Blank) == (case.attempt.source is None)


def test_the_planner_is_asked_in_training_what_inference_asks(store: Store) -> None:
    one_story(store, 1)
    (story,) = read(store)
    ear = heard(VlmPlanner(Eavesdropper(), pack), story, MakePlan(plan_revision=0, seed=1), store)  # type: ignore[arg-type]
    assert ear.asked == [planner_row(pack, story, 0).prompt]


def test_a_planners_row_shows_the_first_steps_and_asks_for_the_others(store: Store) -> None:
    one_story(store, 1, steps=4)
    (story,) = read(store)
    for cut in range(4):
        row = planner_row(pack, story, cut)
        assert row.images == tuple(image for _, image in story.shown[:cut])
        marks = [part["type"] for message in row.prompt for part in message["content"]]
        assert marks.count("image") == cut
        plan = parse_plan(row.completion)
        assert [step.prompt for step in plan.steps] == [step.prompt for step in story.trajectory.steps[cut:]]
        answer = json.loads(row.completion.partition("<answer>")[2].removesuffix("</answer>"))
        assert [step["step_number"] for step in answer["execution_plan"]] == list(range(cut + 1, 5))
    with pytest.raises(ValueError, match="cannot be cut"):
        planner_row(pack, story, 4)


def test_a_reply_that_is_learnt_means_the_verdict(store: Store) -> None:
    fill(store, 4)
    for story in read(store):
        for case in story.cases:
            verdict, said = parse_verdict(critic_row(pack, story, case).completion), taught(case)
            assert (verdict.accepted, verdict.thought) == (said.accepted, said.thought)
            assert verdict.refined_prompt == said.refined_prompt


def test_the_first_attempt_may_be_told_of_with_an_empty_prompt_and_no_other(store: Store) -> None:
    fill(store, 4)
    seen = set()
    for story in read(store):
        for case in story.cases:
            empty, filled = (critic_prompt(pack, story, case, True, None, first).current_prompt for first in ("empty", "filled"))
            first = case.attempt.key.number == 0
            assert (empty, filled) == ("" if first else case.attempt.prompt, case.attempt.prompt)
            completion = critic_row(pack, story, case, "empty").completion
            if taught(case).accepted:
                assert json.dumps(case.attempt.prompt) in completion, "a success repeats the prompt, not the empty one"
            seen.add(first)
    assert seen == {True, False}


def test_a_person_outranks_the_critic_in_the_row_and_in_its_provenance(store: Store) -> None:
    story = one_story(store, 1)
    (before,) = read(store)
    case = judged(before, True)
    refusal = Overrule(attempt=case.attempt.key, accepted=False, refined_prompt="Draw a bigger one")
    story.send(refusal, "person:bob")
    (after,) = read(store)
    changed = next(one for one in after.cases if one.attempt == case.attempt)
    row = critic_row(pack, after, changed, weight=3.0)
    assert parse_verdict(row.completion).refined_prompt == "Draw a bigger one"
    assert (row.origin.source, row.origin.by, row.origin.weight) == ("person", f"person:{hidden('bob')}", 3.0)
    assert (row.origin.critic, row.origin.painter) == ("scripted-critic@1", "scripted-painter@1")
    assert "bob" not in row.origin.model_dump_json()
    assert row.origin.owner == hidden("ann")
    preference = corrected_row(pack, after, changed)
    assert preference
    assert parse_verdict(preference.chosen).refined_prompt == "Draw a bigger one"
    assert parse_verdict(preference.rejected).accepted


def test_a_person_who_agrees_leaves_the_critic_its_thought(store: Store) -> None:
    story = one_story(store, 1)
    (before,) = read(store)
    case = judged(before, True)
    story.send(Overrule(attempt=case.attempt.key, accepted=True), "person:bob")
    (after,) = read(store)
    agreed = next(one for one in after.cases if one.attempt == case.attempt)
    assert case.critic
    assert taught(agreed).thought == case.critic.verdict.thought
    assert not agreed.changed
    assert corrected_row(pack, after, agreed) is None


def test_of_two_prompts_the_one_that_gave_the_better_picture_is_preferred(store: Store) -> None:
    fill(store, 6)
    story, chain = next((s, c) for s in read(store) for c in s.chains if len(c.cases) > 1)
    rising = [Score(float(n), float(n)) for n in range(1, len(chain.cases) + 1)]
    row = improving_row(pack, story, chain.cases, rising, margin=1.0)
    assert row
    assert parse_verdict(row.chosen).refined_prompt == chain.cases[-1].attempt.prompt
    assert parse_verdict(row.rejected).refined_prompt == chain.cases[0].attempt.prompt
    assert improving_row(pack, story, chain.cases, rising, margin=9.5) is None
    assert improving_row(pack, story, chain.cases, [None] * len(rising), margin=1.0) is None


def test_a_branch_and_a_copy_have_their_trunks_stem(store: Store) -> None:
    story = one_story(store, 1)
    store.branch(store.branch(story.id, "person:bob").id, "person:cem")
    one_story(store, 2)
    assert sorted(told.stem for told in read(store)).count(read(store, [story.id])[0].stem) == 3
    request = read(store, [story.id])[0].request
    assert stem_of(request.model_copy(update={"text": request.text.upper() + "!", "seed": 9})) == stem_of(request)
