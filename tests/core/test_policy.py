"""What happens next, fact by fact, and what an edit makes stale. Facts are written by hand; no agent runs here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands import (
    Choose,
    EditPlan,
    EditStep,
    InsertStep,
    MoveStep,
    Open,
    Overrule,
    Pause,
    RemoveStep,
    Replan,
    Resume,
    Retry,
    SetPolicy,
)
from core.decide import decide
from core.errors import CommandError
from core.events import Drawn, Event, Failed, Judged, Opened, Planned, Settled
from core.policy import Draw, JudgeAttempt, MakePlan, Rest, Settle, derive_seed, next_task, wanted
from core.trajectory import Trajectory, evolve, fold
from core.types import MAX_STEPS, Attempt, AttemptKey, PlannedStep, Policy, Request, Step, Verdict
from tests.core.acting import ME, act, do, drawn, no, opened, picture, states

# ---------------------------------------------------------------- the loop's rule


def test_the_first_step_is_drawn_from_text_and_each_later_one_edits_the_accepted_picture_before_it() -> None:
    t = act(opened(3))
    sources = [tried.attempt.source for tried in t.tries]
    assert sources == [None, t.standings[0].image, t.standings[1].image]
    assert next_task(t) == Rest(reason="done", message="Finished.")


def test_an_uploaded_picture_is_the_first_step_s_source() -> None:
    photo = picture("photo")
    t = evolve(Trajectory(), Opened(request=Request(text="go on", images=(picture("other"), photo))))
    t = evolve(t, Planned(plan_revision=0, steps=(Step(id="s1", prompt="p"),)))
    task = next_task(t)
    assert isinstance(task, Draw)
    assert task.source == photo


def test_a_retry_edits_the_step_s_source_again_never_the_failed_picture() -> None:
    t = act(opened(2), Verdict(accepted=True), no(0.1, "better"), no(0.2))
    assert {tried.attempt.source for tried in t.tries if tried.attempt.key.step == "s2"} == {t.standings[0].image}


def test_a_refined_prompt_is_drawn_with_next_and_none_repeats_the_current_one_with_another_seed() -> None:
    t = act(opened(1), no(0.1, "better"), no(0.2))
    assert [tried.attempt.prompt for tried in t.tries] == ["p1", "better", "better"]
    assert len({tried.attempt.seed for tried in t.tries}) == 3


def test_the_critic_is_asked_about_the_step_s_own_prompt() -> None:
    t = opened(1)
    t = evolve(t, drawn(next_task(t)))
    first = next_task(t)
    assert isinstance(first, JudgeAttempt)
    assert (first.prompt, first.attempt.prompt) == ("p1", "p1")
    t = evolve(t, Judged(attempt=first.attempt.key, verdict=no(0.1, "better")))
    t = evolve(t, drawn(next_task(t)))
    second = next_task(t)
    assert isinstance(second, JudgeAttempt)
    assert (second.prompt, second.attempt.prompt) == ("p1", "better")


def test_a_text_only_step_is_not_drawn_and_does_not_come_between_pictures() -> None:
    t = act(opened(3, text_only=(2,)))
    assert [tried.attempt.key.step for tried in t.tries] == ["s1", "s3"]
    assert t.tries[1].attempt.source == t.standings[0].image
    assert [standing.settled and standing.settled.why for standing in t.standings] == ["accepted", "text", "accepted"]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=6))
def test_when_the_budget_ends_the_best_attempt_is_kept_and_ties_go_to_the_earlier(ps: list[float | None]) -> None:
    t = act(opened(1, max_attempts=len(ps)), *(Verdict(accepted=False, p_success=p) for p in ps))
    settled = t.standings[0].settled
    ranks = [p or 0.0 for p in ps]
    assert settled is not None
    assert settled.attempt is not None
    assert (settled.why, settled.attempt.number) == ("budget", ranks.index(max(ranks)))


def test_a_judge_s_score_outranks_the_critic_s_probability() -> None:
    t = act(opened(1, max_attempts=2), Verdict(accepted=False, p_success=0.3, score=9.0), no(0.6))
    assert t.standings[0].settled.attempt.number == 0  # type: ignore[union-attr]


def test_on_exhausted_last_keeps_the_last_and_pause_waits_for_a_person() -> None:
    assert act(opened(1, max_attempts=2, on_exhausted="last"), no(0.9), no(0.1)).standings[0].settled.attempt.number == 1  # type: ignore[union-attr]
    rest = next_task(act(opened(1, max_attempts=2, on_exhausted="pause"), no(0.9), no(0.1)))
    assert isinstance(rest, Rest)
    assert (rest.reason, rest.step) == ("exhausted", "s1")


def test_the_loop_never_draws_more_than_the_budget() -> None:
    t = act(opened(2, max_attempts=3), *[no(0.1)] * 6)
    assert [tried.attempt.key.number for tried in t.tries] == [0, 1, 2, 0, 1, 2]


# ---------------------------------------------------------------- failures


def test_a_failed_call_is_asked_again_with_another_seed_then_the_step_says_why_it_stopped() -> None:
    t, seeds = evolve(opened(1, max_failures=3), drawn(next_task(opened(1)))), []
    while isinstance(task := next_task(t), JudgeAttempt):
        seeds.append(task.seed)
        t = evolve(t, Failed(task="judge", attempt=task.attempt.key, code="reply", message="No verdict in it."))
    assert len(set(seeds)) == 3
    assert task == Rest(reason="stuck", step="s1", message="No verdict in it.")
    assert isinstance(next_task(do(t, Resume())), JudgeAttempt)


def test_a_plan_that_never_comes_leaves_the_story_stuck_and_resumable() -> None:
    t = opened(max_failures=2)
    for _ in range(2):
        assert isinstance(next_task(t), MakePlan)
        t = evolve(t, Failed(task="plan", code="reply", message="No plan."))
    assert next_task(t) == Rest(reason="stuck", message="No plan.")
    assert isinstance(next_task(do(t, Resume())), MakePlan)


def test_an_unjudged_attempt_is_never_a_pass() -> None:
    t = evolve(opened(1, max_failures=1), drawn(next_task(opened(1))))
    task = next_task(t)
    assert isinstance(task, JudgeAttempt)
    t = evolve(t, Failed(task="judge", attempt=task.attempt.key, code="reply", message="?"))
    assert isinstance(next_task(t), Rest)
    assert t.standings[0].settled is None


# ---------------------------------------------------------------- edits


@given(st.integers(1, 6), st.data())
def test_an_edit_of_step_k_makes_stale_exactly_k_and_the_later_steps_drawn_on_top_of_it(n: int, data: st.DataObject) -> None:
    text_only = tuple(data.draw(st.sets(st.integers(1, n))))
    k = data.draw(st.integers(1, n))
    before = act(opened(n, text_only=text_only))
    t = do(before, EditStep(step=f"s{k}", words=PlannedStep(prompt="something else", caption="c")))
    unsettled = {standing.step.id for standing in t.standings if standing.settled is None}
    later_drawn = {f"s{j}" for j in range(k + 1, n + 1) if j not in text_only}
    assert unsettled == {f"s{k}"} | later_drawn
    assert t.tries == before.tries  # nothing drawn is deleted
    assert next_task(act(t)).reason == "done"  # type: ignore[union-attr]


def test_editing_only_the_words_around_a_picture_redraws_nothing() -> None:
    t = act(opened(3))
    t = do(t, EditStep(step="s2", words=PlannedStep(title="New", instruction="i", prompt="p2", caption="new")))
    assert next_task(t) == Rest(reason="done", message="Finished.")
    assert t.steps[1].caption == "new"


def test_a_redraw_that_gives_the_same_picture_keeps_what_was_drawn_on_it() -> None:
    t = act(opened(2))
    first = t.standings[0].image
    assert first is not None
    t = do(t, Retry(step="s1"))
    task = next_task(t)
    assert isinstance(task, Draw)
    t = evolve(t, Drawn(attempt=Attempt(key=task.key, prompt=task.prompt, seed=task.seed, source=None, image=first)))
    t = evolve(t, Judged(attempt=task.key, verdict=Verdict(accepted=True)))
    settle = next_task(t)
    assert isinstance(settle, Settle)
    t = evolve(t, Settled(**settle.model_dump()))
    assert next_task(t) == Rest(reason="done", message="Finished.")


def test_a_result_for_a_superseded_revision_is_kept_and_inert() -> None:
    t = opened(2)
    task = next_task(t)
    late = drawn(task)
    t = do(t, EditStep(step="s1", words=PlannedStep(prompt="other")))
    wanted_now = next_task(t)
    assert not wanted(task, t)  # type: ignore[arg-type]
    t = evolve(t, late)
    assert t.tries[0].attempt == late.attempt
    assert next_task(t) == wanted_now


def test_a_late_plan_does_not_overwrite_a_person_s() -> None:
    t = do(opened(), InsertStep(position=0, words=PlannedStep(prompt="mine")))
    mine = t.steps
    assert evolve(t, Planned(plan_revision=0, steps=(Step(id="s1", prompt="theirs"),))).steps == mine


def test_steps_can_be_inserted_moved_and_removed_and_ids_are_never_used_twice() -> None:
    t = do(act(opened(3)), InsertStep(position=1, words=PlannedStep(prompt="new")))
    assert [step.id for step in t.steps] == ["s1", "s4", "s2", "s3"]
    assert states(t) == ["done", "open", "stale", "stale"]
    t = do(do(t, MoveStep(step="s4", position=9)), RemoveStep(step="s4"))
    assert [step.id for step in t.steps] == ["s1", "s2", "s3"]
    assert states(t) == ["done", "done", "done"]  # back where it was: the old pictures hold again
    t = do(t, InsertStep(position=0, words=PlannedStep(caption="text")))
    assert t.steps[0].id == "s5"


def test_a_plan_can_be_rewritten_whole_or_asked_for_again() -> None:
    t = act(opened(2))
    t = do(t, EditPlan(steps=(("s1", PlannedStep(prompt="p1")), (None, PlannedStep(prompt="x")))))
    assert [step.id for step in t.steps] == ["s1", "s3"]
    assert states(t) == ["done", "open"]
    t = do(t, Replan())
    task = next_task(t)
    assert isinstance(task, MakePlan)
    t = act(t)
    assert [step.id for step in t.steps] == ["s4"]
    assert len(t.tries) == 3


def test_a_person_s_choice_holds_whatever_the_critic_said_and_moves_the_later_steps() -> None:
    t = act(opened(2, max_attempts=2), no(0.2), no(0.9), Verdict(accepted=True))
    assert states(t) == ["done", "done"]
    other = AttemptKey(step="s1", revision=0, number=0)
    t = do(t, Choose(attempt=other))
    assert t.standings[0].image == t.tries[0].attempt.image
    assert states(t) == ["done", "open"]


def test_a_choice_needs_to_know_what_the_step_is_drawn_on() -> None:
    t = do(act(opened(2)), Retry(step="s1"))
    with pytest.raises(CommandError, match="earlier step"):
        do(t, Choose(attempt=AttemptKey(step="s2", revision=0, number=0)))


def test_a_person_s_rejection_unsettles_the_step_and_buys_a_new_budget() -> None:
    t = act(opened(1, max_attempts=2), no(0.3), no(0.4))
    assert t.standings[0].settled is not None
    key = t.standings[0].settled.attempt
    assert key is not None
    t = do(t, Overrule(attempt=key, accepted=False, refined_prompt="my words"))
    task = next_task(t)
    assert isinstance(task, Draw)
    assert task.prompt == "my words"
    t = act(t, no(0.1), no(0.1))
    assert t.standings[0].settled is not None
    assert t.standings[0].settled.attempt != key  # a rejected picture is not the best


def test_a_person_s_acceptance_outranks_the_critic_and_both_are_kept() -> None:
    t = act(opened(1, max_attempts=1, on_exhausted="pause"), no(0.1))
    t = act(do(t, Overrule(attempt=t.tries[0].attempt.key, accepted=True, note="I like it")))
    assert t.standings[0].settled is not None
    assert t.standings[0].settled.why == "person"
    assert t.tries[0].critic is not None
    assert not t.tries[0].critic.accepted


# ---------------------------------------------------------------- pausing, review, seeds


def test_a_soft_pause_still_wants_the_call_in_flight_and_a_hard_one_does_not() -> None:
    t = opened(1)
    task = next_task(t)
    assert wanted(task, do(t, Pause()))  # type: ignore[arg-type]
    assert not wanted(task, do(t, Pause(now=True)))  # type: ignore[arg-type]
    assert next_task(do(do(t, Pause(now=True)), Resume())) == task


def test_under_review_the_story_rests_after_the_plan_and_after_each_verdict() -> None:
    t = opened(1, review=True)
    assert next_task(t).reason == "review"  # type: ignore[union-attr]
    t = do(t, Resume())
    t = evolve(t, drawn(next_task(t)))
    t = evolve(t, Judged(attempt=t.tries[0].attempt.key, verdict=no(0.1), by="critic:c"))
    assert next_task(t).reason == "review"  # type: ignore[union-attr]
    assert isinstance(next_task(do(t, Resume())), Draw)
    accepted = do(t, Overrule(attempt=t.tries[0].attempt.key, accepted=True))
    assert isinstance(next_task(accepted), Settle)


def test_the_budget_can_be_changed_while_the_story_runs() -> None:
    t = act(opened(1, max_attempts=1, on_exhausted="pause"), no(0.5))
    t = do(t, SetPolicy(policy=Policy(max_attempts=2, on_exhausted="pause")))
    assert isinstance(next_task(t), Draw)


@given(st.integers(0, 2**31 - 1), st.lists(st.integers(0, 9) | st.text(max_size=3), max_size=4), st.integers(0, 9))
def test_a_seed_is_the_same_for_the_same_names_and_moves_with_each(seed: int, names: list[int | str], more: int) -> None:
    assert derive_seed(seed, *names) == derive_seed(seed, *names)
    assert 0 <= derive_seed(seed, *names) < 2**31
    assert derive_seed(seed, *names) != derive_seed(seed, *names, more)


@pytest.mark.parametrize(
    "command",
    [
        Open(request=Request(text="again")),
        EditStep(step="s9", words=PlannedStep(prompt="p")),
        EditStep(step="s1", words=PlannedStep(prompt=" ", caption=" ")),
        RemoveStep(step="s9"),
        Retry(step="s2"),
        Choose(attempt=AttemptKey(step="s1", revision=0, number=9)),
        Overrule(attempt=AttemptKey(step="s1", revision=0, number=9), accepted=True),
        EditPlan(steps=(("s1", PlannedStep(prompt="p")), ("s1", PlannedStep(prompt="p")))),
        EditPlan(steps=()),
        EditPlan(steps=((None, PlannedStep(prompt="p")),) * (MAX_STEPS + 1)),
    ],
)
def test_a_wish_that_the_story_does_not_allow_is_refused_in_one_sentence(command: object) -> None:
    t = act(opened(2, text_only=(2,)))
    with pytest.raises(CommandError) as refused:
        do(t, command)
    assert str(refused.value).endswith(".")


def test_an_empty_request_is_refused() -> None:
    with pytest.raises(CommandError):
        decide(Trajectory(), Open(request=Request(text="  ")), ME)
    with pytest.raises(CommandError):
        decide(Trajectory(), Resume(), ME)


def test_the_fold_of_the_facts_is_the_trajectory() -> None:
    log: list[Event] = [Opened(request=Request(text="a"), by=ME), Planned(plan_revision=0, steps=(Step(id="s1", prompt="p"),))]
    assert fold(log) == evolve(evolve(Trajectory(), log[0]), log[1])
