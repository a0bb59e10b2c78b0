"""Says what a person sees of a story: ``View`` = story × what passes. Pure values: no markup, no clock, no models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.policy import Draw, JudgeAttempt, MakePlan, Rest, next_task
from core.trajectory import Memory, Trajectory
from core.types import Notes, Policy
from studio.cards import CardView, Picture, card_of
from studio.live import Live, Passing
from studio.speech import later, say
from studio.tally import Tally, seconds_left
from studio.wording import clock, glimpse, headline

if TYPE_CHECKING:
    from core.store import Timings

Act = Literal["pause", "stop", "resume", "replan"]


@dataclass(frozen=True)
class Status:
    """How the story is, in a word and in a sentence."""

    look: Literal["busy", "waiting", "paused", "turn", "done", "bad"]
    label: str
    sentence: str


@dataclass(frozen=True)
class PlanView:
    """The planner's thought; while it writes (``writing``), also the titles that are there so far."""

    thought: str
    titles: tuple[str, ...]
    writing: bool


@dataclass(frozen=True)
class Header:
    """The top of a story: how it is, how far it is, and what a person may do."""

    title: str
    request: str
    request_picture: Picture | None
    status: Status
    done: int
    steps: int
    part: float  # of the whole story, 0 to 1
    attempt: str
    counters: tuple[str, ...]
    seconds: float  # that models have worked so far, without the call in flight
    since: float | None  # when the call in flight began, seconds since the epoch
    left: str
    acts: tuple[Act, ...]
    resume: str  # the word on the button that lets the story go on
    policy: Policy
    notes: Notes
    seed: int
    profile: str
    undo: str  # what undoing takes back; empty if there is nothing
    redo: str
    trunk: str  # the story that this one branched off, if it did
    text_only: bool  # the request wanted words, no pictures
    mine: bool


@dataclass(frozen=True)
class View:
    """All that the page shows of one story."""

    story: str
    header: Header
    plan: PlanView
    cards: tuple[CardView, ...]
    active: bool  # something may change without a person's doing

    @property
    def readable(self) -> bool:
        """Whether there is anything for the reading view."""
        return any((card.picture and not card.faded) or not card.draws for card in self.cards)


def view_of(story: str, t: Trajectory, tally: Tally, passing: Passing, mine: bool = True, usual: Timings | None = None) -> View:
    """What is shown of an opened story. ``mine``: whoever looks may also act. ``usual``: how long calls take on this machine."""
    task = next_task(t)
    rest = task if isinstance(task, Rest) else None
    live = passing.live
    cards = tuple(
        card_of(t, number, standing, live, rest, tally.seconds_of) for number, standing in enumerate(t.standings, start=1)
    )
    return View(
        story=story,
        header=_header(t, tally, passing, rest, cards, mine, usual),
        plan=_plan(t, live),
        cards=cards,
        active=live is not None or (rest is None and not passing.broken),
    )


def _header(
    t: Trajectory,
    tally: Tally,
    passing: Passing,
    rest: Rest | None,
    cards: tuple[CardView, ...],
    mine: bool,
    usual: Timings | None,
) -> Header:
    assert t.request is not None
    live = passing.live
    done = sum(standing.settled is not None for standing in t.standings)
    busy = next((card.busy for card in cards if card.busy), None)
    left = seconds_left(tally, t, usual) if live or rest is None else None
    picture = t.request.pictures[-1] if t.request.pictures else None
    return Header(
        title=t.title or headline(t.request.text) or say("A story from a picture"),
        request=t.request.text,
        request_picture=Picture(picture.sha256, picture.width, picture.height, say("The starting picture")) if picture else None,
        status=_status(t, passing, rest, cards),
        done=done,
        steps=len(t.steps),
        part=_part(t, done, live),
        attempt=busy.attempt if busy else "",
        counters=(
            _counted(say("1 drawing"), say("{count} drawings", count=tally.drawings), tally.drawings, tally.draw_seconds),
            _counted(say("1 verdict"), say("{count} verdicts", count=tally.verdicts), tally.verdicts, tally.judge_seconds),
        ),
        seconds=tally.seconds,
        since=live.since if live else None,
        left=say("about {time} left", time=clock(left)) if left is not None else "",
        acts=_acts(t, passing, rest) if mine else (),
        resume=_resume_word(passing, rest),
        policy=t.policy,
        notes=t.request.notes,
        seed=t.request.seed,
        profile=t.profile,
        undo=_changed(t, t.past),
        redo=_changed(t, t.future),
        trunk=t.trunk,
        text_only=t.request.answer == "text",
        mine=mine,
    )


def _status(t: Trajectory, passing: Passing, rest: Rest | None, cards: tuple[CardView, ...]) -> Status:
    if passing.broken:
        return Status("bad", say("Broken"), say(passing.broken))
    if passing.live:
        doing = _doing(passing.live, cards)
        if t.paused:
            return Status("paused", say("Pausing"), say("Pausing after this call. {doing}", doing=doing))
        if passing.mood.kind == "closing":
            return Status("busy", say("Working"), say("The studio is closing after this call. {doing}", doing=doing))
        return Status("busy", say("Working"), doing)
    if rest:
        return _resting(t, rest)
    if passing.mood.kind == "closing":
        return Status("waiting", say("Closing"), say("The studio is closing; your story goes on when it opens again."))
    if passing.mood.kind == "held":
        says = say("Whoever runs the studio lets nothing begin for now; your story goes on by itself afterwards.")
        return Status("waiting", say("On hold"), says)
    if passing.mood.kind == "troubled":
        return Status("bad", say("Trouble"), say(passing.mood.message))
    if passing.mood.kind == "loading":
        return Status("busy", say("Loading"), say("Loading the models…"))
    if passing.place:
        one, many = say("One story is ahead of this one."), say("{count} stories are ahead of this one.", count=passing.place)
        return Status("waiting", say("In line"), one if passing.place == 1 else many)
    return Status("busy", say("Starting"), say("Starting…"))


def _doing(live: Live, cards: tuple[CardView, ...]) -> str:
    card = next((card for card in cards if card.busy), None)
    where = (
        say("step {number}, “{title}”, {attempt}", number=card.number, title=card.title, attempt=card.busy.attempt)
        if card and card.busy
        else say("a step")
    )
    match live.task:
        case MakePlan():
            return say("Planning the story…")
        case Draw():
            return say("Drawing {where}.", where=where)
        case JudgeAttempt():
            return say("Judging {where}.", where=where)
    return say("Working…")


def _resting(t: Trajectory, rest: Rest) -> Status:
    match rest.reason:
        case "done":
            says = say("Finished. Change anything you like: only what builds on it is drawn again.")
            return Status("done", say("Finished"), says)
        case "paused":
            return Status("paused", say("Paused"), say("Paused. Nothing is lost; go on whenever you like."))
        case "review" if not t.tries:
            return Status("turn", say("Your turn"), say("The plan is ready. Change what you like, then go on."))
        case "review":
            says = say("The critic has judged. Agree, overrule it or edit the step, then go on.")
            return Status("turn", say("Your turn"), says)
        case "exhausted":
            return Status("turn", say("Your turn"), say(rest.message))
        case "stuck":
            return Status("bad", say("Stuck"), say("{message} Try again, or change the step.", message=say(rest.message)))


def _acts(t: Trajectory, passing: Passing, rest: Rest | None) -> tuple[Act, ...]:
    troubled = passing.mood.kind == "troubled"
    if passing.broken:
        return ()
    if t.paused:
        return ("resume", "stop", "replan") if passing.live else ("resume", "replan")
    if rest is not None and passing.live is None:
        return ("resume", "replan") if rest.reason in {"review", "stuck"} else ("replan",)
    return ("resume", "stop", "replan") if troubled else ("pause", "stop", "replan")


def _resume_word(passing: Passing, rest: Rest | None) -> str:
    again = passing.mood.kind == "troubled" or (rest is not None and rest.reason == "stuck")
    return say("Try again") if again else say("Go on")


def _counted(one: str, many: str, count: int, seconds: float) -> str:
    """How much of something there was, and how long the models took for it."""
    what = one if count == 1 else many
    return say("{what} in {time}", what=what, time=clock(seconds)) if count and seconds >= 0.5 else what


#: What a change is called on the buttons that undo and redo it.
CHANGES = {
    "plan_edited": later("the change of the plan"),
    "step_edited": later("the change of step {number}"),
    "judged": later("your verdict on step {number}"),
    "settled": later("your choice for step {number}"),
    "policy_set": later("the change of the budget"),
    "notes_set": later("the change of the notes"),
    "renamed": later("the new title"),
}


def _changed(t: Trajectory, memories: tuple[Memory, ...]) -> str:
    if not memories:
        return ""
    numbers = {step.id: number for number, step in enumerate(t.steps, start=1)}
    return say(CHANGES[memories[-1].what], number=numbers.get(memories[-1].step or "", "?"))  # "?": it is no longer there


def _part(t: Trajectory, done: int, live: Live | None) -> float:
    """How much of the story there is: a step in work counts for as much of it as its attempt has got to."""
    if not t.steps:
        return 0.0
    match live.task if live else None:
        case Draw():
            assert live is not None
            within = 0.7 * (live.done / live.total if live.total else 0.3)
        case JudgeAttempt():
            within = 0.8
        case _:
            within = 0.0
    return min((done + within) / len(t.steps), 1.0)


def _plan(t: Trajectory, live: Live | None) -> PlanView:
    if live and isinstance(live.task, MakePlan):
        seen = glimpse(live.text)
        return PlanView(seen.thought, seen.titles, writing=True)
    return PlanView(t.thought, (), writing=False)
