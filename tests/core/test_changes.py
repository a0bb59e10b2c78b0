"""What a person's changes do to pictures that are there: stale, kept or later; undo and redo; candidates and strictness."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.commands import (
    Choose,
    Command,
    EditStep,
    InsertStep,
    LockStep,
    MoveStep,
    Overrule,
    Redo,
    RemoveStep,
    Rename,
    Replan,
    Resume,
    Retry,
    SetNotes,
    SetPolicy,
    SplitStep,
    Undo,
)
from core.decide import decide, loses
from core.errors import CommandError
from core.events import Branched, Imported, Judged, Renamed
from core.policy import Draw, JudgeAttempt, Rest, next_task
from core.trajectory import Trajectory, evolve
from core.types import AttemptKey, Notes, PlannedStep, Policy, Verdict
from tests.core.acting import ME, act, do, drawn, no, opened, states

NEW = PlannedStep(title="New", prompt="another", caption="c")
YES = Verdict(accepted=True, p_success=0.9)


def words(t: Trajectory, step: str, **changes: object) -> PlannedStep:
    found = t.step(step)
    assert found is not None
    return PlannedStep(**found.model_dump(exclude={"id", "revision", "locked"})).model_copy(update=changes)


def images(t: Trajectory) -> list[object]:
    return [standing.image for standing in t.standings]


def key(step: str, number: int = 0, revision: int = 0) -> AttemptKey:
    return AttemptKey(step=step, revision=revision, number=number)


#: Each takes the ground from under pictures of a finished story of four steps.
UPHEAVALS: list[Command] = [
    EditStep(step="s2", words=NEW),
    InsertStep(position=1, words=NEW),
    MoveStep(step="s3", position=0),
    RemoveStep(step="s2"),
    Retry(step="s2"),
    SplitStep(step="s2", first=NEW, second=NEW.model_copy(update={"prompt": "and more"})),
    Overrule(attempt=key("s2"), accepted=False, refined_prompt="better"),
]


def wanted_anew(command: Command) -> set[str]:
    """The step that the change itself wants another picture of."""
    return {"s2"} if isinstance(command, EditStep | SplitStep | Retry | Overrule) else set()


# ---------------------------------------------------------------- what becomes of pictures


@pytest.mark.parametrize("command", UPHEAVALS, ids=lambda command: command.kind)
def test_what_a_change_makes_stale_is_said_before_it_is_made(command: Command) -> None:
    t = act(opened(4))
    before = {standing.step.id: standing.image for standing in t.standings}
    changed = do(t, command)
    stale = tuple(step.id for step in t.steps if changed.step(step.id) and not changed.standing(step.id).image)  # type: ignore[union-attr]
    assert loses(t, command) == tuple(step for step in stale if step not in wanted_anew(command))
    assert stale
    assert all(before[step] for step in stale)


@pytest.mark.parametrize("command", UPHEAVALS, ids=lambda command: command.kind)
def test_kept_pictures_stay_whatever_is_drawn_before_them(command: Command) -> None:
    t = act(opened(4))
    kept = {standing.step.id: standing.image for standing in t.standings if standing.step.id not in wanted_anew(command)}
    changed = act(do(t, command.model_copy(update={"stale": "keep"})))  # type: ignore[union-attr]
    now = {standing.step.id: standing.image for standing in changed.standings}
    assert {step: image for step, image in now.items() if step in kept} == {step: kept[step] for step in now if step in kept}
    assert all(now.values())


@pytest.mark.parametrize("command", UPHEAVALS, ids=lambda command: command.kind)
def test_later_leaves_them_stale_and_waits_until_the_person_goes_on(command: Command) -> None:
    t = act(opened(4))
    changed = do(t, command.model_copy(update={"stale": "later"}))  # type: ignore[union-attr]
    assert isinstance(next_task(changed), Rest)
    assert "stale" in states(changed) or "open" in states(changed)
    assert len(act(do(changed, Resume())).tries) > len(t.tries)


def test_a_locked_step_keeps_its_picture_and_follows_again_once_it_is_let_go() -> None:
    t = act(opened(3))
    locked = do(t, LockStep(step="s3", locked=True))
    assert loses(locked, EditStep(step="s1", words=NEW)) == ("s2",)
    changed = act(do(locked, EditStep(step="s1", words=NEW)))
    assert images(changed)[2] == images(t)[2]
    assert images(changed)[:2] != images(t)[:2]
    let_go = do(changed, LockStep(step="s3", locked=False))
    assert let_go.standings[2].image is None
    assert act(let_go).standings[2].source == images(changed)[1]


def test_a_step_without_a_picture_cannot_be_locked() -> None:
    with pytest.raises(CommandError, match="no picture yet"):
        decide(opened(2), LockStep(step="s1", locked=True), ME)


def test_a_step_is_split_where_it_stands_and_the_first_half_keeps_its_pictures_if_its_prompt_stays() -> None:
    t = act(opened(3))
    split = do(t, SplitStep(step="s2", first=words(t, "s2", caption="One."), second=NEW))
    assert [step.id for step in split.steps] == ["s1", "s2", "s4", "s3"]
    assert images(split)[:2] == images(t)[:2]
    assert [step.caption for step in split.steps[1:3]] == ["One.", "c"]


# ---------------------------------------------------------------- undo


@pytest.mark.parametrize(
    "command",
    [
        *UPHEAVALS,
        *(command.model_copy(update={"stale": "keep"}) for command in UPHEAVALS),  # type: ignore[union-attr]
        SetPolicy(policy=Policy(max_attempts=9)),
        SetNotes(notes=Notes(style="ink")),
        Choose(attempt=key("s2", 0)),
        Overrule(attempt=key("s3", 0), accepted=True),
        LockStep(step="s1", locked=True),
        Replan(),
        EditStep(step="s2", words=PlannedStep(caption="Only words.")),
    ],
    ids=lambda command: f"{command.kind}-{getattr(command, 'stale', '')}",
)
def test_every_change_can_be_undone_and_redone(command: Command) -> None:
    t = act(opened(4), no(0.6, "again"), no(0.2), YES)
    changed = do(t, command)
    undone = do(changed, Undo())
    what = ("steps", "policy", "request", "settlements", "tries")
    assert {name: getattr(undone, name) for name in what} == {name: getattr(t, name) for name in what}
    assert images(undone) == images(t)
    redone = do(undone, Redo())
    assert {name: getattr(redone, name) for name in what} == {name: getattr(changed, name) for name in what}


def test_undoing_after_models_went_on_finds_the_old_pictures_again_and_draws_nothing() -> None:
    t = act(opened(3))
    later = act(do(t, EditStep(step="s1", words=NEW)))
    assert images(later) != images(t)
    undone = act(do(later, Undo()))
    assert images(undone) == images(t)
    assert undone.tries == later.tries
    again = act(do(undone, Redo()))
    assert images(again) == images(later)
    assert again.tries == later.tries


def test_a_new_change_ends_what_could_be_redone() -> None:
    t = do(do(act(opened(2)), EditStep(step="s1", words=NEW)), Undo())
    t = do(t, EditStep(step="s2", words=NEW))
    with pytest.raises(CommandError, match="nothing to redo"):
        decide(t, Redo(), ME)


def test_what_was_never_changed_cannot_be_undone() -> None:
    with pytest.raises(CommandError, match="nothing to undo"):
        decide(act(opened(2)), Undo(), ME)


def test_a_revision_that_was_undone_is_never_given_to_other_words() -> None:
    t = do(do(act(opened(1)), EditStep(step="s1", words=NEW)), Undo())
    assert t.steps[0].revision == 0
    assert do(t, EditStep(step="s1", words=words(t, "s1", prompt="third"))).steps[0].revision == 2


def test_an_undone_plan_is_not_overwritten_by_the_answer_that_was_on_its_way() -> None:
    t = act(opened(2))
    asked = next_task(do(t, Replan()))
    undone = do(do(t, Replan()), Undo())
    assert undone.steps == t.steps
    assert asked.plan_revision != undone.plan_revision  # type: ignore[union-attr]


COMMANDS = st.one_of(
    st.sampled_from(UPHEAVALS),
    st.builds(EditStep, step=st.sampled_from(["s1", "s2", "s5"]), words=st.builds(PlannedStep, prompt=st.sampled_from("abc"))),
    st.builds(Retry, step=st.sampled_from(["s1", "s3"])),
    st.builds(Choose, attempt=st.builds(key, st.sampled_from(["s1", "s2"]), st.integers(0, 1), st.integers(0, 2))),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(COMMANDS, st.sampled_from(["redraw", "keep"]), st.booleans()), max_size=6))
def test_as_many_undos_as_changes_lead_back_to_the_beginning(wishes: list[tuple[Command, str, bool]]) -> None:
    """Whatever was changed, and wherever models went on in between."""
    first = t = act(opened(4))
    made = 0
    for command, stale, go_on in wishes:
        try:
            t = do(t, command.model_copy(update={"stale": stale}))  # type: ignore[union-attr]
        except CommandError:
            continue
        made += 1
        t = act(t) if go_on else t
    for _ in range(made):
        t = do(t, Undo())
    assert t.past == ()
    assert (t.steps, images(t)) == (first.steps, images(first))
    keys = [tried.attempt.key for tried in t.tries]
    assert len(set(keys)) == len(keys)


# ---------------------------------------------------------------- candidates and strictness


def test_candidates_are_drawn_with_one_prompt_and_the_best_that_passes_goes_on() -> None:
    t = act(opened(1, candidates=3), no(0.2, "refined"), Verdict(accepted=True, p_success=0.6), YES)
    assert [tried.attempt.prompt for tried in t.tries] == ["p1"] * 3
    assert len({tried.attempt.seed for tried in t.tries}) == 3
    assert t.standings[0].settled.attempt == key("s1", 2)  # type: ignore[union-attr]


def test_the_next_round_takes_the_best_candidates_prompt_and_no_round_breaks_the_budget() -> None:
    t = act(opened(1, candidates=2, max_attempts=5), no(0.1, "a"), no(0.4, "b"), no(0.3, "c"), no(0.2, "d"), no(0.1))
    assert [tried.attempt.prompt for tried in t.tries] == ["p1", "p1", "b", "b", "c"]
    assert [tried.round for tried in t.tries] == [0, 0, 1, 1, 2]
    assert t.standings[0].settled.attempt == key("s1", 1)  # type: ignore[union-attr]


def test_candidates_can_be_changed_while_they_are_drawn() -> None:
    t = opened(1, candidates=4)
    t = evolve(t, drawn(next_task(t)))
    assert isinstance(next_task(t), Draw)
    t = do(t, SetPolicy(policy=Policy(candidates=1)))
    assert isinstance(next_task(t), JudgeAttempt)


def test_a_threshold_makes_the_critic_stricter_or_milder_and_holds_for_what_was_judged_before() -> None:
    strict = act(opened(1, threshold=0.95), YES, Verdict(accepted=True, p_success=0.97))
    assert len(strict.tries) == 2
    mild = act(opened(1, threshold=0.3), no(0.4))
    assert len(mild.tries) == 1
    t = act(opened(1, max_attempts=2, on_exhausted="pause"), no(0.4), no(0.2))
    assert isinstance(next_task(t), Rest)
    t = act(do(t, SetPolicy(policy=Policy(max_attempts=2, threshold=0.35))))
    assert t.standings[0].settled.attempt == key("s1", 0)  # type: ignore[union-attr]
    assert t.standings[0].settled.why == "accepted"  # type: ignore[union-attr]


def test_without_a_probability_the_critics_word_counts() -> None:
    assert len(act(opened(1, threshold=0.99), Verdict(accepted=True)).tries) == 1


def test_a_persons_own_prompt_is_drawn_with_next_whichever_attempt_they_rejected() -> None:
    t = act(opened(1, max_attempts=3), no(0.9, "a"), no(0.1, "b"), no(0.1))
    assert t.standings[0].settled.attempt == key("s1", 0)  # type: ignore[union-attr]
    t = do(t, Overrule(attempt=key("s1", 0), accepted=False, refined_prompt="mine"))
    task = next_task(t)
    assert isinstance(task, Draw)
    assert task.prompt == "mine"
    assert len(act(t, no(0.1), no(0.1), no(0.1)).tries) == 6  # a whole new budget


# ---------------------------------------------------------------- branches, files, names


def test_a_branch_waits_for_its_person_and_draws_its_own_pictures() -> None:
    t = act(opened(2))
    branch = evolve(t, Branched(trunk="abc", length=9, seed=99, by="person:you"))
    assert next_task(branch) == Rest(reason="paused", message="Paused.")
    assert images(branch) == images(t)
    on = act(do(do(branch, Retry(step="s2")), Resume()))
    trunk = act(do(t, Retry(step="s2")))
    assert on.tries[-1].attempt.seed != trunk.tries[-1].attempt.seed


def test_an_imported_story_waits_and_what_was_done_before_it_came_cannot_be_undone() -> None:
    t = evolve(do(act(opened(2)), EditStep(step="s1", words=NEW)), Imported(origin="x", digest="0" * 64, by=ME))
    assert isinstance(next_task(t), Rest)
    with pytest.raises(CommandError):
        decide(t, Undo(), ME)


def test_a_title_is_only_a_name() -> None:
    t = act(opened(2))
    assert evolve(t, Renamed(title=" Mila ", by=ME)).title == "Mila"
    assert next_task(evolve(t, Renamed(title="Mila"))) == next_task(t)


def test_a_title_is_undone_and_redone_like_any_other_change() -> None:
    named = do(do(act(opened(2)), Rename(title="Mila")), Rename(title="Mila at sea"))
    assert do(named, Undo()).title == "Mila"
    assert do(do(named, Undo()), Undo()).title == ""
    assert do(do(named, Undo()), Redo()).title == "Mila at sea"


def test_a_late_verdict_after_an_undo_is_kept_beside_its_attempt() -> None:
    t = act(opened(1, max_attempts=2), no(0.1, "x"), no(0.2))
    t = do(do(t, Overrule(attempt=key("s1", 1), accepted=True)), Undo())
    t = evolve(t, Judged(attempt=key("s1", 1), verdict=YES, by="critic:c"))
    assert t.find(key("s1", 1)).critic == YES  # type: ignore[union-attr]
    assert t.find(key("s1", 1)).person is None  # type: ignore[union-attr]


# ---------------------------------------------------------------- accepting, and being waited for


def test_accepting_another_attempt_of_a_step_that_is_done_makes_it_the_steps_picture() -> None:
    t = act(opened(2, max_attempts=2), no(0.3), no(0.1))
    assert t.standings[0].settled.why == "budget"  # type: ignore[union-attr]
    other = do(t, Overrule(attempt=key("s1", 1), accepted=True))
    assert (other.standings[0].settled.attempt, other.standings[0].settled.why) == (key("s1", 1), "person")  # type: ignore[union-attr]
    assert list(loses(t, Overrule(attempt=key("s1", 1), accepted=True))) == ["s2"]
    same = do(t, Overrule(attempt=key("s1", 0), accepted=True))
    assert (same.standings[0].settled.attempt, same.standings[0].settled.why) == (key("s1", 0), "person")  # type: ignore[union-attr]
    assert images(same) == images(t)
    assert images(do(other, Undo())) == images(t)


def test_of_two_accepted_attempts_the_one_accepted_last_is_the_picture() -> None:
    t = act(opened(1, max_attempts=2, on_exhausted="pause"), no(0.3), no(0.1))
    for number in (1, 0):
        t = do(t, Overrule(attempt=key("s1", number), accepted=True))
    assert next_task(t).attempt == key("s1", 0)  # type: ignore[union-attr]


def test_who_writes_into_the_plan_while_they_are_waited_for_goes_on_only_when_they_say_so() -> None:
    t = opened(2, review=True)
    for command in (
        EditStep(step="s1", words=words(t, "s1", prompt="Mine")),
        Rename(title="Mila"),
        SetNotes(notes=Notes(style="ink")),
    ):
        t = do(t, command)
        assert next_task(t).reason == "review"  # type: ignore[union-attr]
    assert isinstance(next_task(do(t, Resume())), Draw)


def test_a_retry_or_a_choice_is_an_answer_to_who_waits() -> None:
    t = act(do(opened(1, review=True, max_attempts=1), Resume()), no(0.3))
    assert next_task(t).reason == "review"  # type: ignore[union-attr]
    assert isinstance(next_task(do(t, Retry(step="s1"))), Draw)
    assert next_task(do(t, Choose(attempt=key("s1", 0)))).reason == "done"  # type: ignore[union-attr]
