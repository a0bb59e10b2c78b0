"""The loop through scripted agents: cut anywhere, edited in the middle, failing, many at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.backends.fake import Conduct, ScriptedCritic, ScriptedPainter, ScriptedPlanner, plan_of, scripted_agents
from core.commands import (
    Command,
    EditStep,
    Open,
    Pause,
    Replan,
    Resume,
    Retry,
    SetNotes,
)
from core.errors import AgentError, CommandError, ReplyError
from core.events import EVENT, Drawn, Event, Failed, Judged, Planned
from core.policy import Draw, JudgeAttempt, MakePlan, Rest, next_task
from core.ports import Agents, Delta, DrawCase, JudgeCase, PlanCase, StepProgress, TextDelta
from core.scheduler import Began, Ended, Notice, Scheduler, run
from core.story import Story
from core.trajectory import Trajectory, fold
from core.types import Given, Notes, PlannedStep, Policy, Request, Verdict
from tests.core.telling import Memory
from tests.core.wishes import commands


class Log:
    """A sink that keeps the facts and insists on their numbers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, story_id: str, seq: int, events: object, trajectory: Trajectory) -> None:
        assert seq == len(self.events)
        self.events += events  # type: ignore[arg-type]
        assert fold(self.events) == trajectory


def strict(case: JudgeCase) -> Verdict:
    """Accepts by the hash of what it sees: some pictures at once, some never."""
    mark = hashlib.sha256(case.after.tobytes()).digest()[0]
    refined = None if mark % 3 == 0 else f"{case.prompt}, {mark}"
    return Verdict(accepted=mark % 4 == 0, refined_prompt=refined, p_success=mark / 255)


def opened(log: Log, request: str = "a story", name: str = "story", **policy: object) -> Story:
    story = Story(name, sink=log)
    story.send(Open(request=Request(text=request, seed=3), policy=Policy(**policy)))
    return story


def facts(events: list[Event]) -> list[dict]:
    """The facts without the clock."""
    return [event.model_dump(exclude={"at", "seconds"}) for event in events]


def tell(story: Story, agents: Agents, gallery: Memory) -> list[Notice]:
    return list(run(story, agents, gallery))


def resumed(log: Log, length: int) -> tuple[Story, Log]:
    kept = Log()
    kept.events = log.events[:length]
    return Story("story", fold(kept.events), length, sink=kept), kept


def test_a_story_is_planned_drawn_judged_and_settled_in_order() -> None:
    log = Log()
    tell(opened(log), scripted_agents(), Memory())
    kinds = [event.kind for event in log.events]
    assert kinds == ["opened", "planned", *["drawn", "judged", "settled"] * 3]
    assert {event.by for event in log.events if isinstance(event, Drawn)} == {"painter:scripted-painter@1"}


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4))
def test_cut_after_any_fact_and_resumed_it_is_the_same_story_and_no_call_is_repeated(steps: int, budget: int) -> None:
    def agents() -> Agents:
        return Agents(ScriptedPlanner([plan_of(steps)]), ScriptedPainter(), ScriptedCritic(strict))

    whole, gallery = Log(), Memory()
    story = opened(whole, max_attempts=budget)
    all_agents = agents()
    tell(story, all_agents, gallery)
    for cut in range(1, len(whole.events) + 1):
        rest, log = resumed(whole, cut)
        more = agents()
        tell(rest, more, gallery)
        assert facts(log.events) == facts(whole.events)
        assert rest.trajectory == story.trajectory
        made = {kind: sum(event.kind == kind for event in whole.events[:cut]) for kind in ("planned", "drawn", "judged")}
        for kind, one, two in (
            ("planned", all_agents.planner, more.planner),
            ("drawn", all_agents.painter, more.painter),
            ("judged", all_agents.critic, more.critic),
        ):
            assert len(two.calls) == len(one.calls) - made[kind]  # type: ignore[attr-defined]


def test_a_killed_run_loses_at_most_the_call_in_flight() -> None:
    log, gallery, seen = Log(), Memory(), 0
    story, painter = opened(log), ScriptedPainter()
    for notice in run(story, Agents(ScriptedPlanner([plan_of(2)]), painter, ScriptedCritic(strict)), gallery):
        seen += isinstance(notice.what, StepProgress)
        if seen == 3:
            break  # in the middle of the second drawing, never closed politely
    assert len(painter.calls) == 2
    assert sum(isinstance(event, Drawn) for event in log.events) == 1
    rest, more = resumed(log, len(log.events))
    again = ScriptedPainter()
    tell(rest, Agents(ScriptedPlanner([plan_of(2)]), again, ScriptedCritic(strict)), gallery)
    assert again.calls[0][0].prompt == painter.calls[1][0].prompt
    assert again.calls[0][0].seed == painter.calls[1][0].seed
    assert isinstance(next_task(rest.trajectory), Rest)
    assert len(more.events) > len(log.events)


def test_the_same_story_gives_the_same_pictures() -> None:
    logs = [Log(), Log()]
    for log in logs:
        tell(opened(log), scripted_agents(verdicts=strict), Memory())
    assert facts(logs[0].events) == facts(logs[1].events)


def acting(story: Story, command: Command, at: int) -> Conduct:
    """Sends the command in the middle of the ``at``-th delta of these agents' calls."""
    seen = 0

    def hook(delta: Delta) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            story.send(command)

    return Conduct(deltas=3, hook=hook)


def test_an_edit_while_the_step_is_drawn_gives_the_call_up_and_draws_the_new_words() -> None:
    log, gallery = Log(), Memory()
    story = opened(log)
    edit = EditStep(step="s2", words=PlannedStep(prompt="a dog", caption="c"))
    painter = ScriptedPainter(conduct=acting(story, edit, at=4))  # the second drawing's first delta
    notices = tell(story, Agents(ScriptedPlanner([plan_of(3)]), painter, ScriptedCritic([Verdict(accepted=True)])), gallery)
    assert sum(isinstance(notice.what, Ended) for notice in notices) == 1
    assert [calls[0].prompt for calls in painter.calls] == ["Draw 1", "Draw 2", "a dog", "Draw 3"]
    assert [event.attempt.key.revision for event in log.events if isinstance(event, Drawn)] == [0, 1, 0]
    assert next_task(story.trajectory).reason == "done"  # type: ignore[union-attr]


def test_an_edit_of_a_later_step_does_not_disturb_the_drawing_in_flight() -> None:
    log = Log()
    story = opened(log)
    painter = ScriptedPainter(conduct=acting(story, EditStep(step="s3", words=PlannedStep(prompt="a dog")), at=1))
    tell(story, Agents(ScriptedPlanner([plan_of(3)]), painter, ScriptedCritic([Verdict(accepted=True)])), Memory())
    assert [calls[0].prompt for calls in painter.calls] == ["Draw 1", "Draw 2", "a dog"]


def test_a_soft_pause_lets_the_call_finish_and_stop_now_gives_it_up() -> None:
    for now, drawn in ((False, 1), (True, 0)):
        log, gallery = Log(), Memory()
        story = opened(log)
        painter = ScriptedPainter(conduct=acting(story, Pause(now=now), at=1))
        agents = Agents(ScriptedPlanner([plan_of(1)]), painter, ScriptedCritic([Verdict(accepted=True)]))
        tell(story, agents, gallery)
        assert sum(isinstance(event, Drawn) for event in log.events) == drawn
        assert next_task(story.trajectory).reason == "paused"  # type: ignore[union-attr]
        story.send(Resume())
        tell(story, agents, gallery)
        assert next_task(story.trajectory).reason == "done"  # type: ignore[union-attr]


def test_failures_are_facts_asked_again_with_another_seed_and_then_the_story_waits() -> None:
    log = Log()
    story, painter = opened(log, max_failures=2), ScriptedPainter(conduct=Conduct(failures=2))
    agents = Agents(ScriptedPlanner([plan_of(1)]), painter, ScriptedCritic([Verdict(accepted=True)]))
    tell(story, agents, Memory())
    assert [event.code for event in log.events if isinstance(event, Failed)] == ["agent", "agent"]
    assert len({case.seed for calls in painter.calls for case in calls}) == 2
    assert next_task(story.trajectory) == Rest(reason="stuck", step="s1", message="Scripted failure 2 of 2.")
    story.send(Resume())
    tell(story, agents, Memory())
    assert next_task(story.trajectory).reason == "done"  # type: ignore[union-attr]


def test_one_bad_reply_does_not_spoil_the_batch_it_came_in() -> None:
    def verdict(case: JudgeCase) -> Verdict | AgentError:
        return ReplyError("No verdict in it.") if "2 of b" in case.prompt else Verdict(accepted=True)

    def plan(case: PlanCase) -> object:
        return plan_of(1).model_copy(update={"steps": (PlannedStep(prompt=f"2 of {case.text}"),)})

    logs = {name: Log() for name in "abc"}
    stories = [opened(log, request=name, name=name, max_failures=1) for name, log in logs.items()]
    agents = Agents(ScriptedPlanner(plan), ScriptedPainter(), ScriptedCritic(verdict))  # type: ignore[arg-type]
    drain(Scheduler(agents, Memory()), stories)
    assert [next_task(story.trajectory).reason for story in stories] == ["done", "stuck", "done"]  # type: ignore[union-attr]


def test_a_picture_that_is_gone_is_a_failure_of_that_story_in_one_sentence() -> None:
    log, gallery = Log(), Memory()
    story = opened(log, max_failures=1)
    for notice in run(story, scripted_agents(), gallery):
        if isinstance(notice.what, Drawn):
            gallery.images.clear()
    assert next_task(story.trajectory) == Rest(reason="stuck", step="s1", message="The picture is gone.")


def test_a_picture_that_is_gone_is_no_fault_of_the_stories_in_the_same_call() -> None:
    gallery, stories, shown = Memory(), list[Story](), dict.fromkeys("abc", "")
    for number, name in enumerate(shown):
        story = Story(name, sink=Log())
        given = gallery.save(Image.new("RGB", (64, 64), (number, 0, 0)))
        story.send(Open(request=Request(text=name, images=(given,)), policy=Policy(max_failures=1)))
        stories.append(story)
    gallery.images.pop(stories[1].trajectory.request.images[0].sha256)  # type: ignore[union-attr]
    planner = ScriptedPlanner(lambda case: plan_of(1).model_copy(update={"raw": f"The plan of {case.text}."}))
    scheduler = Scheduler(Agents(planner, ScriptedPainter(), ScriptedCritic([Verdict(accepted=True)])), gallery)
    for story in stories:
        scheduler.add(story)
    for notice in scheduler.round():
        if isinstance(notice.what, TextDelta):
            shown[notice.story_id] += notice.what.text
    assert [len(call) for call in planner.calls] == [2], "the others are asked about together"
    assert shown == {"a": "The plan of a.", "b": "", "c": "The plan of c."}, "and each is shown its own"
    drain(scheduler, [])
    assert [next_task(story.trajectory).reason for story in stories] == ["done", "stuck", "done"]  # type: ignore[union-attr]


def test_our_own_faults_crash_and_leave_the_facts_as_they_were() -> None:
    def broken(case: DrawCase) -> Image.Image:
        raise ZeroDivisionError

    log = Log()
    story = opened(log)
    with pytest.raises(ZeroDivisionError):
        tell(story, scripted_agents(pictures=broken), Memory())
    assert [event.kind for event in log.events] == ["opened", "planned"]


def test_a_fact_is_durable_before_it_is_shown() -> None:
    log = Log()
    for notice in run(opened(log), scripted_agents(), Memory()):
        if isinstance(notice.what, Planned | Drawn | Judged):
            assert log.events[-1] is notice.what


def test_a_sink_that_fails_leaves_the_story_as_it_was() -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    story = Story("story", sink=full)
    with pytest.raises(OSError, match="disk full"):
        story.send(Open(request=Request(text="a")))
    assert (story.trajectory, story.length) == (Trajectory(), 0)


# ---------------------------------------------------------------- many stories


def drain(scheduler: Scheduler, stories: list[Story]) -> list[Notice]:
    for story in stories:
        scheduler.add(story)
    notices: list[Notice] = []

    def rounds() -> Iterator[Notice]:
        while (yield from scheduler.round()):
            pass

    notices += rounds()
    return notices


def test_plans_are_made_together_and_drawings_take_turns() -> None:
    planner, painter, critic = ScriptedPlanner([plan_of(2)]), ScriptedPainter(), ScriptedCritic([Verdict(accepted=True)])
    stories = [opened(Log(), name=name) for name in "abc"]
    notices = drain(Scheduler(Agents(planner, painter, critic), Memory()), stories)
    assert [len(cases) for cases in planner.calls] == [3]
    assert [len(cases) for cases in painter.calls] == [1] * 6
    assert [notice.story_id for notice in notices if isinstance(notice.what, Drawn)] == list("abcabc")


def test_a_painter_draws_as_many_pictures_at_once_as_it_can() -> None:
    painter = ScriptedPainter()
    stories = [opened(Log(), name=name) for name in "abc"]
    agents = Agents(ScriptedPlanner([plan_of(2)]), painter, ScriptedCritic([Verdict(accepted=True)]), abreast=2)
    notices = drain(Scheduler(agents, Memory()), stories)
    assert [len(cases) for cases in painter.calls] == [2, 2, 2]
    assert [notice.story_id for notice in notices if isinstance(notice.what, Drawn)] == list("abcabc")


def test_a_batch_of_one_has_every_call_serve_one_story_alone() -> None:
    agents = replace(scripted_agents(plans=[plan_of(2)]), abreast=3)
    drain(Scheduler(agents, Memory(), batch=1), [opened(Log(), name=name) for name in "abc"])
    for agent in (agents.planner, agents.painter, agents.critic):
        assert {len(cases) for cases in agent.calls} == {1}  # type: ignore[attr-defined]


def test_no_batch_is_larger_than_allowed() -> None:
    planner = ScriptedPlanner([plan_of(1)])
    stories = [opened(Log(), name=f"{n}") for n in range(5)]
    agents = Agents(planner, ScriptedPainter(), ScriptedCritic([Verdict(accepted=True)]))
    drain(Scheduler(agents, Memory(), batch=2), stories)
    assert sorted(len(cases) for cases in planner.calls) == [1, 2, 2]


def test_where_nobody_waits_verdicts_wait_for_company_as_long_as_there_is_something_to_draw() -> None:
    painter, critic = ScriptedPainter(), ScriptedCritic([Verdict(accepted=True)])
    stories = [opened(Log(), name=name) for name in "abcdefg"]
    agents = Agents(ScriptedPlanner([plan_of(2)]), painter, critic)
    drain(Scheduler(agents, Memory(), batch=3, patient=True), stories)
    assert [len(cases) for cases in critic.calls] == [3, 3, 3, 3, 1, 1]  # the last one is planned when nothing else is left
    assert [next_task(story.trajectory).reason for story in stories] == ["done"] * 7  # type: ignore[union-attr]


@pytest.mark.parametrize("patient", [False, True])
@pytest.mark.parametrize("abreast", [1, 3])
def test_many_stories_told_together_are_the_stories_told_alone(patient: bool, abreast: int) -> None:
    together = {name: Log() for name in "abcd"}
    gallery = Memory()
    agents = replace(scripted_agents(verdicts=strict), abreast=abreast)
    drain(
        Scheduler(agents, gallery, patient=patient),
        [opened(log, request=name, name=name) for name, log in together.items()],
    )
    for name, log in together.items():
        alone = Log()
        tell(opened(alone, request=name, name=name), scripted_agents(verdicts=strict), gallery)
        assert facts(alone.events) == facts(log.events)


@pytest.mark.parametrize("patient", [False, True])
def test_models_that_are_not_in_memory_together_change_as_seldom_as_the_stories_allow(patient: bool) -> None:
    def told(crowded: bool) -> tuple[list[type], dict[str, Log]]:
        logs = {name: Log() for name in "abcdef"}
        agents = Agents(ScriptedPlanner([plan_of(3)]), ScriptedPainter(), ScriptedCritic(strict), crowded=crowded)
        stories = [opened(log, request=name, name=name, max_attempts=3) for name, log in logs.items()]
        notices = drain(Scheduler(agents, Memory(), batch=4, patient=patient), stories)
        kinds = [type(notice.what.task) for notice in notices if isinstance(notice.what, Began)]
        return [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind is not before], logs

    changes, together = told(crowded=True)
    most = max(sum(isinstance(event, Drawn) for event in log.events) for log in together.values())
    assert changes == [MakePlan] + [Draw, JudgeAttempt] * most, "all that can be drawn is drawn, then all is judged"
    before, alone = told(crowded=False)
    assert len(changes) < len(before)
    assert {name: facts(log.events) for name, log in together.items()} == {name: facts(log.events) for name, log in alone.items()}


def test_a_call_shared_with_others_goes_on_when_one_story_stops() -> None:
    stories = [opened(Log(), name=name) for name in "ab"]
    planner = ScriptedPlanner([plan_of(1)], conduct=acting(stories[0], Pause(now=True), at=1))
    agents = Agents(planner, ScriptedPainter(), ScriptedCritic([Verdict(accepted=True)]))
    notices = drain(Scheduler(agents, Memory()), stories)
    assert not [notice for notice in notices if isinstance(notice.what, Ended)]
    assert len(planner.calls) == 1
    assert [next_task(story.trajectory).reason for story in stories] == ["paused", "done"]  # type: ignore[union-attr]


def test_each_call_is_announced_before_it_starts() -> None:
    notices = tell(opened(Log()), scripted_agents(), Memory())
    begun = [notice.what.task for notice in notices if isinstance(notice.what, Began)]
    assert len(begun) == 1 + 3 + 3


# ---------------------------------------------------------------- anything a person may do, at any time


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), commands), max_size=8), st.data())
def test_whatever_a_person_does_at_whatever_moment_the_story_ends_well(wishes: list, data: st.DataObject) -> None:
    """Ends: at rest, with every picture it shows drawn on the one before it, and nothing ever drawn is gone."""
    log, gallery, drawn = Log(), Memory(), set()
    story = opened(log, max_attempts=2)
    pending = list(wishes)

    def wish() -> None:
        if pending and data.draw(st.booleans()):
            try:
                story.send(pending.pop(0)[1])
            except CommandError:
                pass

    agents = scripted_agents(verdicts=strict, conduct=Conduct(deltas=1, hook=lambda _: wish()))
    for _ in range(12):
        for notice in run(story, agents, gallery):
            if isinstance(notice.what, Drawn):
                drawn.add(notice.what.attempt.key)
        if not pending and next_task(story.trajectory).reason == "done":  # type: ignore[union-attr]
            break
        story.send(pending.pop(0)[1] if pending and isinstance(pending[0][1], Replan) else Resume())
    assert next_task(story.trajectory).reason == "done" or pending  # type: ignore[union-attr]
    assert {tried.attempt.key for tried in story.trajectory.tries} == drawn
    assert len(story.trajectory.tries) == len(drawn)
    assert len({tried.attempt.seed for tried in story.trajectory.tries}) == len(drawn), "no drawing could repeat another one"
    source = None
    for standing in story.trajectory.standings:
        assert standing.source == source or not standing.source_known
        if standing.settled and standing.settled.attempt and not standing.step.locked:
            assert standing.settled.source == source
        if standing.step.prompt is not None:
            source = standing.image
    assert [EVENT.validate_json(EVENT.dump_json(event)) for event in log.events] == log.events
    assert fold(log.events) == story.trajectory


# ---------------------------------------------------------------- what a request brings along


def test_a_storys_notes_and_reference_pictures_go_into_every_call_that_they_concern() -> None:
    gallery = Memory()
    look = gallery.save(Image.new("RGB", (64, 64), "teal"))
    notes = Notes(style="ink", characters="Mila, an orange cat", avoid="text", language="Deutsch")
    agents = scripted_agents(plans=[plan_of(2)])
    story = Story("s")
    story.send(Open(request=Request(text="A cat", notes=notes, references=(look,))))
    list(run(story, agents, gallery))
    planner, painter = agents.planner, agents.painter
    assert [case.notes for call in planner.calls for case in call] == [notes]  # type: ignore[attr-defined]
    assert [case.notes for call in painter.calls for case in call] == [notes] * 2  # type: ignore[attr-defined]
    assert all(len(case.references) == 1 for call in painter.calls for case in call)  # type: ignore[attr-defined]
    other = Notes(style="oil")
    story.send(SetNotes(notes=other))
    story.send(Retry(step="s2"))
    list(run(story, agents, gallery))
    assert painter.calls[-1][0].notes == other  # type: ignore[attr-defined]


def test_a_given_sequence_is_read_by_the_planner_and_its_last_picture_is_gone_on_from() -> None:
    gallery = Memory()
    first, last = (gallery.save(Image.new("RGB", (64, 64), colour)) for colour in ("red", "blue"))
    given_pieces = (Given(text="Once.", image=first), Given(text="Then."), Given(image=last))
    agents = scripted_agents(plans=[plan_of(1)])
    story = Story("s")
    story.send(Open(request=Request(text="Go on.", given=given_pieces)))
    list(run(story, agents, gallery))
    [[case]] = agents.planner.calls  # type: ignore[attr-defined]
    assert [(text, image is not None) for text, image in case.given] == [("Once.", True), ("Then.", False), ("", True)]
    assert story.trajectory.tries[0].attempt.source == last


def test_where_only_text_is_wanted_nothing_is_drawn_whatever_the_planner_writes() -> None:
    agents = scripted_agents(plans=[plan_of(3)])
    story = Story("s")
    story.send(Open(request=Request(text="What is this?", answer="text")))
    list(run(story, agents, Memory()))
    assert next_task(story.trajectory).reason == "done"  # type: ignore[union-attr]
    assert story.trajectory.tries == ()
    assert [step.caption for step in story.trajectory.steps] == ["This is 1.", "This is 2.", "This is 3."]
