"""Laws of what a person sees of a story, at every moment of it."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from core.commands import Choose, Command, EditStep, Overrule, Pause, Resume, Retry
from core.decide import decide
from core.events import Drawn, Event, Failed, Judged, Opened, Planned, Settled
from core.policy import Draw, JudgeAttempt, MakePlan, Rest, next_task
from core.ports import StepProgress, TextDelta
from core.trajectory import Trajectory, evolve
from core.types import Attempt, AttemptKey, ImageRef, PlannedStep, Policy, Request, Step, Verdict
from studio.live import Live, Mood, Passing
from studio.storyboard import sheet_of
from studio.tally import Tally, tallied
from studio.view import View, view_of

SAID_NO = Verdict(accepted=False, thought="It is blue.", refined_prompt="Draw it in red", p_success=0.004)
SAID_YES = Verdict(accepted=True, thought="All as asked.", p_success=1.0)
ME = "person:me"


class Script:
    """A story told by hand, fact by fact, through the rules: ``next_task`` says what the next fact is about."""

    def __init__(self, steps: int = 2, text_only: int | None = None, **policy: Any) -> None:
        self.events: list[Event] = []
        self.pictures = 0
        self.steps = tuple(
            Step(id=f"s{n}", title=f"Title {n}", prompt=None if n == text_only else f"Draw {n}", caption=f"Caption {n}")
            for n in range(1, steps + 1)
        )
        self.add(Opened(request=Request(text="A story"), policy=Policy(**policy), by=ME))

    @property
    def t(self) -> Trajectory:
        return reduce(evolve, self.events, Trajectory())

    def add(self, *events: Event) -> Script:
        self.events += events
        return self

    def wish(self, command: Command) -> Script:
        return self.add(*decide(self.t, command, ME))

    def go(self, *verdicts: Verdict) -> Script:
        """Does what is next until a verdict is asked for that is not given, or the story rests."""
        said = list(verdicts)
        while not isinstance(task := next_task(self.t), Rest):
            match task:
                case MakePlan(plan_revision=revision):
                    self.add(Planned(plan_revision=revision, steps=self.steps, thought="Two pictures."))
                case Draw(key=key, prompt=prompt, seed=seed, source=source):
                    self.pictures += 1
                    image = ImageRef(sha256=f"{self.pictures:064x}", width=64, height=48)
                    attempt = Attempt(key=key, prompt=prompt, seed=seed, source=source, image=image)
                    self.add(Drawn(attempt=attempt, seconds=2.0))
                case JudgeAttempt(attempt=attempt) if said:
                    self.add(Judged(attempt=attempt.key, verdict=said.pop(0), seconds=1.0))
                case JudgeAttempt():
                    break
                case Settle:
                    self.add(Settled(**Settle.model_dump()))
        return self

    def see(self, passing: Passing | None = None, mine: bool = True) -> View:
        return view_of("story", self.t, tallied(Tally(), self.events), passing or Passing(), mine)

    def task(self) -> Any:
        return next_task(self.t)


def live(task: Any, **shown: Any) -> Passing:
    return Passing(live=Live(task, since=100.0, **shown), mood=Mood("working"))


def test_the_plan_is_seen_while_it_is_written() -> None:
    script = Script()
    reply = '<think>Two pictures of a cat.</think><answer>{"execution_plan": [{"step_name": "At the s'
    view = script.see(live(script.task(), text=reply))
    assert (view.plan.writing, view.plan.thought, view.plan.titles) == (True, "Two pictures of a cat.", ("At the s",))
    assert view.header.status.sentence == "Planning the story…"
    assert not view.cards


def test_words_and_progress_add_up_while_a_call_lasts() -> None:
    script = Script().go()
    at = Live(script.task(), since=0.0).after(TextDelta(index=0, text="<think>It is ")).after(TextDelta(index=0, text="red"))
    assert script.see(Passing(live=at)).cards[0].busy.words == "It is red"  # type: ignore[union-attr]
    assert at.after(StepProgress(index=0, done=1, total=4)).done == 1


def test_a_step_in_work_says_what_is_done_to_it_and_which_attempt_it_is() -> None:
    script = Script(max_attempts=3).go(SAID_NO)
    judging = script.see(live(script.task())).cards[0]
    assert judging.badge.label == "Judging…"
    assert judging.busy is not None
    assert judging.busy.attempt == "attempt 2 of 3"
    assert [attempt.badge.label for attempt in judging.attempts] == ["Not yet", "Judging…"]
    script.add(Judged(attempt=AttemptKey(step="s1", revision=0, number=1), verdict=SAID_NO))
    drawing = script.see(live(script.task(), done=2, total=4)).cards[0]
    assert (drawing.badge.label, drawing.faded) == ("Drawing…", True)
    assert drawing.busy is not None
    assert (drawing.busy.attempt, drawing.busy.done, drawing.busy.total) == ("attempt 3 of 3", 2, 4)


def test_a_refused_attempt_shows_what_the_critic_changed_and_how_sure_it_was() -> None:
    card = Script().go(SAID_NO, SAID_YES).see().cards[0]
    first, second = card.attempts
    assert first.changed == (("same", "Draw"), ("out", " 1"), ("in", " it in red"))
    assert (first.badge.label, first.p_success, first.thought, first.chosen) == ("Not yet", "1 %", "It is blue.", False)
    assert (second.badge.label, second.p_success, second.changed, second.chosen) == ("Passed", "99 %", (), True)
    assert second.prompt == "Draw it in red"
    assert first.seed != second.seed
    assert card.newest == second


def test_a_step_whose_budget_ended_says_that_the_best_was_kept() -> None:
    better = SAID_NO.model_copy(update={"p_success": 0.4})
    card = Script(max_attempts=3).go(SAID_NO, better, SAID_NO).see().cards[0]
    assert (card.badge.label, card.badge.look) == ("Kept best of 3", "kept")
    assert [attempt.chosen for attempt in card.attempts] == [False, True, False]
    last = Script(max_attempts=2, on_exhausted="last").go(better, SAID_NO).see().cards[0]
    assert last.badge.label == "Kept last of 2"


def test_an_edit_makes_the_step_and_what_builds_on_it_stale_and_keeps_their_pictures() -> None:
    script = Script(steps=3).go(SAID_YES, SAID_YES, SAID_YES)
    script.wish(EditStep(step="s2", words=PlannedStep(title="Title 2", prompt="Draw a duck", caption="A duck")))
    first, second, third = script.see().cards
    assert (first.badge.label, second.badge.label, third.badge.label) == ("Accepted", "Stale", "Stale")
    assert (first.faded, second.faded, third.faded) == (False, True, True)
    assert second.attempts[0].past
    assert second.attempts[0].label == "Earlier drawing 1"
    assert third.picture is not None
    redrawn = script.go(SAID_YES, SAID_YES).see().cards
    assert [card.badge.label for card in redrawn] == ["Accepted"] * 3
    assert [attempt.past for attempt in redrawn[1].attempts] == [True, False]


def test_new_words_around_a_picture_draw_nothing_again() -> None:
    script = Script().go(SAID_YES, SAID_YES)
    script.wish(EditStep(step="s1", words=PlannedStep(title="New", prompt="Draw 1", caption="New words")))
    card = script.see().cards[0]
    assert (card.title, card.caption, card.badge.label) == ("New", "New words", "Accepted")


def test_what_a_person_decides_is_called_theirs() -> None:
    script = Script(max_attempts=2).go(SAID_NO, SAID_NO, SAID_YES)
    key = AttemptKey(step="s1", revision=0, number=0)
    assert script.wish(Choose(attempt=key)).see().cards[0].badge.label == "Chosen by you"
    accepted = Script().go(SAID_NO).wish(Overrule(attempt=key, accepted=True)).go()
    assert accepted.see().cards[0].badge.label == "Accepted by you"
    refused = Script().go(SAID_YES).wish(Overrule(attempt=key, accepted=False, refined_prompt="Better")).see().cards[0]
    assert refused.attempts[0].badge.label == "Refused by you"
    assert refused.attempts[0].thought == "All as asked.", "the critic's words stay beside the person's verdict"


def test_a_text_step_has_no_picture_and_no_attempts() -> None:
    view = Script(text_only=2).go(SAID_YES).see()
    card = view.cards[1]
    assert (card.draws, card.picture, card.attempts, card.badge.label) == (False, None, (), "Text")
    assert view.header.status.look == "done"


@pytest.mark.parametrize(
    ("script", "look", "acts"),
    [
        (Script(), "busy", {"pause", "stop", "replan"}),
        (Script().go(), "busy", {"pause", "stop", "replan"}),
        (Script().go(SAID_YES, SAID_YES), "done", {"replan"}),
        (Script().wish(Pause()), "paused", {"resume", "replan"}),
        (Script().go(SAID_YES).wish(Pause(now=True)), "paused", {"resume", "replan"}),
        (Script().wish(Pause()).wish(Resume()), "busy", {"pause", "stop", "replan"}),
        (Script(review=True).go(), "turn", {"resume", "replan"}),
        (Script(max_attempts=1, on_exhausted="pause").go(SAID_NO), "turn", {"replan"}),
        (Script().add(*[Failed(task="plan", code="reply", message="No plan in it.")] * 3), "bad", {"resume", "replan"}),
    ],
    ids=["new", "running", "done", "paused", "stopped", "resumed", "review", "exhausted", "stuck"],
)
def test_how_a_story_stands_and_what_a_person_may_do(script: Script, look: str, acts: set[str]) -> None:
    header = script.see().header
    assert header.status.look == look
    assert set(header.acts) == acts
    assert script.see(mine=False).header.acts == (), "who only looks may do nothing"


def test_a_pause_that_waits_for_its_call_says_so_and_can_become_a_stop() -> None:
    script = Script().go().wish(Pause())
    header = script.see(live(next_task(Script().go().t))).header
    assert (header.status.label, set(header.acts)) == ("Pausing", {"resume", "stop", "replan"})


def test_a_review_asks_for_the_plan_first_and_for_each_verdict_then() -> None:
    script = Script(review=True).go()
    assert script.see().header.status.sentence.startswith("The plan is ready.")
    script.wish(Resume()).go(SAID_NO)
    view = script.see()
    assert view.header.status.sentence.startswith("The critic has judged.")
    assert view.cards[0].badge.label == "Your turn"


def test_a_stuck_step_says_why() -> None:
    script = Script().go(SAID_YES)
    task = next_task(script.t)
    assert isinstance(task, JudgeAttempt)
    script.add(*[Failed(task="judge", attempt=task.attempt.key, code="reply", message="No verdict in it.")] * 3)
    card = script.see().cards[1]
    assert (card.badge.label, card.note) == ("Stuck", "No verdict in it.")
    assert script.see().header.resume == "Try again"


@pytest.mark.parametrize(
    ("passing", "sentence"),
    [
        (Passing(place=0), "Starting…"),
        (Passing(place=1), "One story is ahead of this one."),
        (Passing(place=3), "3 stories are ahead of this one."),
        (Passing(mood=Mood("loading")), "Loading the models…"),
        (Passing(mood=Mood("troubled", "The disk is full: free some space.")), "The disk is full: free some space."),
        (Passing(broken="This story can't be told."), "This story can't be told."),
    ],
)
def test_a_story_that_nobody_works_on_says_why(passing: Passing, sentence: str) -> None:
    assert Script().see(passing).header.status.sentence == sentence


def test_trouble_with_the_models_can_be_tried_again() -> None:
    header = Script().see(Passing(mood=Mood("troubled", "Weights are missing."))).header
    assert "resume" in header.acts
    assert header.resume == "Try again"


def test_every_moment_of_a_story_can_be_shown_and_its_progress_never_goes_back() -> None:
    script = Script(steps=4, text_only=3, max_attempts=2).go(SAID_NO, SAID_NO, SAID_YES, SAID_NO, SAID_YES)
    parts = []
    for cut in range(1, len(script.events) + 1):
        moment = Script()
        moment.events = script.events[:cut]
        task = moment.task()
        for passing in [Passing(place=0)] + ([] if isinstance(task, Rest) else [live(task, done=1, total=2)]):
            view = moment.see(passing)
            assert set(sheet_of(view).order) == {card.id for card in view.cards}
            assert 0 <= view.header.part <= 1
        parts.append(moment.see().header.part)
    assert parts == sorted(parts)
    assert parts[-1] == 1


def test_drawing_a_step_afresh_keeps_what_was_drawn() -> None:
    card = Script().go(SAID_YES, SAID_YES).wish(Retry(step="s1")).see().cards[0]
    assert card.badge.label == "Stale"
    assert [attempt.past for attempt in card.attempts] == [True]
