"""Says how one step is shown: its picture, its badge, and every attempt with what was said of it. Pure values, no markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.differences import Change, changes
from core.policy import Draw, JudgeAttempt, Rest
from core.trajectory import Standing, Trajectory, Try
from core.types import AttemptKey, ImageRef, Step, Verdict
from studio.live import Live
from studio.speech import say
from studio.wording import clock, glimpse

Look = Literal["good", "kept", "busy", "waiting", "stale", "text", "bad", "turn", "paused"]


@dataclass(frozen=True)
class Badge:
    """A short word on a step or an attempt, and how it looks."""

    look: Look
    label: str


@dataclass(frozen=True)
class Picture:
    """A picture by content, its size in pixels, and what it shows, for those who can't see it."""

    sha256: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class AttemptView:
    """One attempt as a person sees it. ``past``: drawn before the step, or one that it builds on, was changed."""

    key: str
    label: str
    picture: Picture
    source: Picture | None
    badge: Badge
    p_success: str
    thought: str
    changed: tuple[Change, ...]  # what the judge of this attempt changed in its prompt; empty if nothing
    prompt: str
    refined: str  # what to draw with next, as far as that is known
    seed: int
    took: str
    chosen: bool
    past: bool


@dataclass(frozen=True)
class Busy:
    """A call in flight on this step. ``total`` is 0 where nobody knows how many parts it has."""

    verb: str
    attempt: str
    done: int
    total: int
    words: str
    preview: int


@dataclass(frozen=True)
class Ground:
    """The picture that a step is drawn on, and whose it is."""

    picture: Picture
    label: str


@dataclass(frozen=True)
class CardView:
    """One step as a person sees it."""

    id: str
    number: int
    last: bool
    title: str
    own_title: str  # as the plan has it; ``title`` stands in where it has none
    instruction: str
    prompt: str
    caption: str
    draws: bool  # False: a text-only step
    locked: bool
    can_lock: bool
    ground: Ground | None  # what it is drawn on; None if nobody knows yet, or nothing is
    badge: Badge
    note: str
    picture: Picture | None
    faded: bool  # the picture is not (or no longer) the step's own
    busy: Busy | None
    newest: AttemptView | None  # whose verdict is worth showing at once
    attempts: tuple[AttemptView, ...]


def card_of(
    t: Trajectory, number: int, standing: Standing, live: Live | None, rest: Rest | None, seconds_of: Mapping[AttemptKey, float]
) -> CardView:
    """The card of the step that stands ``number``-th (from 1). ``rest`` says why the story rests, if it does."""
    step = standing.step
    busy = _busy(t, standing, live)
    attempts = tuple(_attempts(t, number, standing, live, seconds_of))
    chosen = next((attempt for attempt in attempts if attempt.chosen), None)
    present = [attempt for attempt in attempts if not attempt.past]
    badge, note = _badge(t, standing, busy, rest)
    picture = chosen or (present[-1] if present else attempts[-1] if attempts else None)
    ground = _picture(standing.source, number) if busy else None
    return CardView(
        id=step.id,
        number=number,
        last=number == len(t.steps),
        title=step.title or say("Step {number}", number=number),
        own_title=step.title,
        instruction=step.instruction,
        prompt=step.prompt or "",
        caption=step.caption or "",
        draws=step.prompt is not None,
        locked=step.locked,
        can_lock=standing.image is not None,
        ground=_ground(t, number, standing),
        badge=badge,
        note=note,
        picture=(picture.picture if picture else ground) if step.prompt else None,
        faded=chosen is None and not (busy and busy.verb == "Judging"),
        busy=busy,
        newest=chosen or (present[-1] if present else None),
        attempts=attempts,
    )


def _ground(t: Trajectory, number: int, standing: Standing) -> Ground | None:
    if standing.source is None or not standing.source_known or standing.step.prompt is None:
        return None
    before = [at for at, other in enumerate(t.standings[: number - 1], start=1) if other.step.prompt is not None]
    label = say("drawn on step {number}", number=before[-1]) if before else say("drawn on the starting picture")
    picture = _picture(standing.source, number)
    return Ground(picture, label) if picture else None


def name_of(key: AttemptKey) -> str:
    """An attempt's key in one word, as the page and its addresses carry it: ``s3.0.1``."""
    return f"{key.step}.{key.revision}.{key.number}"


def _busy(t: Trajectory, standing: Standing, live: Live | None) -> Busy | None:
    match live.task if live else None:
        case Draw(key=key) if (key.step, key.revision) == (standing.step.id, standing.step.revision):
            verb, number = "Drawing", len(standing.tries) + 1
        case JudgeAttempt(attempt=attempt) if attempt in [tried.attempt for tried in standing.tries]:
            verb, number = "Judging", len(standing.tries)
        case _:
            return None
    assert live is not None
    most = max(t.policy.max_attempts, number)
    attempt = say("attempt {number} of {most}", number=number, most=most)
    return Busy(verb, attempt, live.done, live.total, glimpse(live.text).thought, live.previews)


def _badge(t: Trajectory, standing: Standing, busy: Busy | None, rest: Rest | None) -> tuple[Badge, str]:
    if standing.settled:
        badge, note = _settled_badge(t, standing)
        return badge, _locked_note(standing) or note
    if busy:
        return Badge("busy", say("Drawing…") if busy.verb == "Drawing" else say("Judging…")), ""
    here = t.first_open is not None and t.first_open.step.id == standing.step.id
    if rest and here:
        match rest.reason:
            case "stuck":
                return Badge("bad", say("Stuck")), say(rest.message)
            case "exhausted":
                return Badge("turn", say("Your turn")), say(rest.message)
            case "review":
                return Badge("turn", say("Your turn")), ""
            case "paused":
                return Badge("paused", say("Paused")), ""
    drawn_before = any(tried.attempt.key.step == standing.step.id for tried in t.tries)
    if drawn_before and not standing.tries and standing.step.prompt:
        note = say("It will be drawn again, because it or a step before it was changed. Nothing is lost.")
        return Badge("stale", say("Stale")), note
    return Badge("waiting", say("Waiting")), ""


def _locked_note(standing: Standing) -> str:
    """Says so where a lock keeps a picture that would else be drawn again."""
    settled = standing.settled
    if not standing.step.locked or settled is None or settled.attempt is None:
        return ""
    if settled.revision != standing.step.revision:
        return say("Locked: the picture stays although the prompt was changed. Unlock the step to draw it again.")
    if standing.source_known and settled.source != standing.source:
        return say("Locked: the picture stays although a step before it was changed. Unlock the step to draw it again.")
    return ""


def _settled_badge(t: Trajectory, standing: Standing) -> tuple[Badge, str]:
    settled = standing.settled
    assert settled is not None
    chosen = t.find(settled.attempt) if settled.attempt else None
    match settled.why:
        case "text":
            return Badge("text", say("Text")), ""
        case "accepted":
            return Badge("good", say("Accepted")), ""
        case "person":
            accepted = chosen is not None and chosen.person is not None and chosen.person.accepted
            return Badge("good", say("Accepted by you") if accepted else say("Chosen by you")), ""
        case "budget":
            count = max(len(standing.tries), 1)
            if t.policy.on_exhausted == "last":
                label, note = (
                    say("Kept last of {count}", count=count),
                    say("None of {count} passed, so the last was kept.", count=count),
                )
            else:
                label, note = (
                    say("Kept best of {count}", count=count),
                    say("None of {count} passed, so the best was kept.", count=count),
                )
            return Badge("kept", label), note if count > 1 else say("It did not pass.")


def _attempts(
    t: Trajectory, number: int, standing: Standing, live: Live | None, seconds_of: Mapping[AttemptKey, float]
) -> list[AttemptView]:
    mine = [tried for tried in t.tries if tried.attempt.key.step == standing.step.id]
    present = {tried.attempt.key for tried in standing.tries}
    settled = standing.settled.attempt if standing.settled else None
    judging = live.task.attempt.key if live and isinstance(live.task, JudgeAttempt) else None
    views, counts = list[AttemptView](), {True: 0, False: 0}
    for tried in mine:
        key = tried.attempt.key
        past = key not in present and key != settled
        counts[past] += 1
        label = say("Earlier drawing {number}", number=counts[past]) if past else say("Attempt {number}", number=counts[past])
        took = clock(seconds_of[key]) if key in seconds_of else ""
        place = Place(number, label, judging == key, key == settled, past)
        views.append(_attempt(t, tried, standing.step, place, took))
    return views


@dataclass(frozen=True)
class Place:
    """Where an attempt stands among those of its step, the ``number``-th of the story."""

    number: int
    label: str
    judging: bool
    chosen: bool
    past: bool


def _attempt(t: Trajectory, tried: Try, step: Step, place: Place, took: str) -> AttemptView:
    attempt, verdict = tried.attempt, tried.verdict
    refined = verdict.refined_prompt if verdict and not verdict.accepted else None
    subject = step.caption or step.title or step.instruction or attempt.prompt
    return AttemptView(
        key=name_of(attempt.key),
        label=place.label,
        picture=Picture(attempt.image.sha256, attempt.image.width, attempt.image.height, subject),
        source=_picture(attempt.source, place.number),
        badge=Badge("busy", say("Judging…")) if place.judging and verdict is None else _verdict_badge(t, tried),
        p_success=percent_of(tried.critic),
        thought=verdict.thought if verdict and verdict.thought else tried.critic.thought if tried.critic else "",
        changed=changes(attempt.prompt, refined) if refined and refined != attempt.prompt else (),
        prompt=attempt.prompt,
        refined=refined or attempt.prompt,
        seed=attempt.seed,
        took=took,
        chosen=place.chosen,
        past=place.past,
    )


def _verdict_badge(t: Trajectory, tried: Try) -> Badge:
    if tried.person is not None:
        return Badge("good", say("Accepted by you")) if tried.person.accepted else Badge("bad", say("Refused by you"))
    if tried.critic is None:
        return Badge("waiting", say("Not judged"))
    if t.passes(tried) != tried.critic.accepted:  # the person's strictness decides, not the critic's word
        return Badge("bad", say("Not sure enough")) if tried.critic.accepted else Badge("good", say("Sure enough"))
    return Badge("good", say("Passed")) if tried.critic.accepted else Badge("bad", say("Not yet"))


def percent_of(verdict: Verdict | None) -> str:
    """The critic's P(success) as a person reads it; empty if there is none."""
    if verdict is None or verdict.p_success is None:
        return ""
    return say("{number} %", number=min(max(round(verdict.p_success * 100), 1), 99))  # a model is never sure


def _picture(ref: ImageRef | None, number: int) -> Picture | None:
    alt = say("What step {number} is drawn on", number=number)
    return Picture(ref.sha256, ref.width, ref.height, alt) if ref else None
