"""A told story as a strip of a report: the request, each step with the picture before, every attempt, and what was said of it.

Values only; a template makes the page of them. Pictures are small, and inside the page as WebP.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from core.differences import Change, changes
from core.errors import AgentError, StudioError
from core.events import Event, Judged
from core.ports import JudgeCase
from core.types import ImageRef
from train.benchmarks.report_reading import Result
from train.controls import Content
from train.told import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from core.images import ImageStore
    from core.store import Store
    from core.trajectory import Standing, Try
    from core.types import Attempt, Verdict

SIDE = 224  # px of a picture's longer side: sharp at half that on a fine screen
CONTENT = f"critic:{Content.name}"
QUALITY = 70  # of WebP: nothing is seen of it at this size

#: How a request ended: it failed, it took long to mend, it succeeded, or nobody scored it.
Kind = Literal["failure", "late", "success", "unscored"]

#: What a benchmark's yes-or-no fields are called.
SAID: Mapping[str, str] = {
    "planned": "a plan",
    "length": "as many pictures as asked",
    "wished": "all that was asked for is seen",
}


@dataclass(frozen=True)
class AttemptShown:
    """One drawing. ``refined`` is how the critic changed the prompt; ``truth`` what the exact checker says, where it can."""

    number: int  # from 1
    picture: str | None  # a data: address; None: the picture is gone
    prompt: str
    verdict: Verdict | None
    truth: Verdict | None
    refined: tuple[Change, ...]
    kept: bool


@dataclass(frozen=True)
class StepShown:
    """One step. ``before`` is the picture that its attempts changed, None where they began from nothing."""

    title: str
    prompt: str | None
    caption: str | None
    edits: bool
    before: str | None
    attempts: tuple[AttemptShown, ...]
    why: str  # it was settled; empty if it was not


@dataclass(frozen=True)
class Strip:
    """One request with its whole story. ``notes`` say what was right (True), wrong (False), or how much."""

    id: str
    group: str
    kind: Kind
    main: float | None
    request: str
    pictures: tuple[str | None, ...]  # that the request came with
    thought: str
    steps: tuple[StepShown, ...]
    notes: tuple[tuple[str, bool | float | str], ...]
    trouble: str  # why there is no story, or why it went no further


def notes_of(result: Result) -> tuple[tuple[str, bool | float | str], ...]:
    """What the benchmark says of a request, with a name each."""
    fields = result.fields
    found: list[tuple[str, bool | float | str]] = [(name, fields[key]) for key, name in SAID.items() if _is_bool(fields.get(key))]
    if {"right", "steps"} <= fields.keys():
        found.append((f"{fields['right']} of {fields['steps']} pictures right", fields["right"] == fields["steps"]))
    found += [(name, "not scored" if mark is None else float(mark)) for name, mark in (fields.get("marks") or {}).items()]
    if fields.get("why"):
        found.append(("why not", str(fields["why"])))
    return tuple(found)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


class Truth:
    """What the exact checker says of attempts. It reads scene programs, so that it can speak of the pocket painter's pictures."""

    def __init__(self, load: Callable[[ImageRef], Image]) -> None:
        from train.pocket.teacher import ExactCritic

        self._load = cache(load)  # a picture is the one after, and then the one before
        self._exact = ExactCritic()

    def of(self, attempt: Attempt, prompt: str) -> Verdict | None:
        """Of an attempt at a step of this prompt; None where it can't tell."""
        try:
            before = self._load(attempt.source) if attempt.source else None
            case = JudgeCase(before, self._load(attempt.image), prompt, attempt.prompt, attempt.seed)
        except StudioError:  # a picture is gone
            return None
        verdict = self._exact.verdict(case)
        return None if isinstance(verdict, AgentError) else verdict


class Pictures:
    """Small copies of one story's pictures, each made once."""

    def __init__(self, images: ImageStore) -> None:
        self._images = images
        self._made: dict[str, str | None] = {}

    def of(self, ref: ImageRef) -> str | None:
        if ref.sha256 not in self._made:
            self._made[ref.sha256] = self._make(ref)
        return self._made[ref.sha256]

    def _make(self, ref: ImageRef) -> str | None:
        try:
            image = self._images.load(ref)
        except StudioError:
            return None
        image.thumbnail((SIDE, SIDE))
        image.info = {}
        encoded = BytesIO()
        image.save(encoded, "WEBP", quality=QUALITY, method=6)
        return f"data:image/webp;base64,{base64.b64encode(encoded.getvalue()).decode('ascii')}"


def strip_of(store: Store, result: Result, kind: Kind, exact: bool) -> Strip:
    """The strip of a request's story; of a story that is gone, what is known without it. ``exact``: the truth can be told."""
    known = (result.id, result.group, kind, result.main)
    try:
        if result.story is None:
            raise StudioError("The story of this request is not known.")
        events = store.events(result.story)
        story = told(result.story, events)
    except StudioError as error:
        return Strip(*known, "", (), "", (), notes_of(result), str(error))
    pictures, truth = Pictures(store.images), Truth(store.images.load) if exact else None
    judged = critic_asked(events)
    steps = tuple(_step(standing, pictures, truth, judged) for standing in story.trajectory.standings)
    given = tuple(map(pictures.of, (*story.request.pictures, *story.request.references)))
    trouble = story.trajectory.failures[-1].message if story.trajectory.failures else ""
    return Strip(*known, story.request.text, given, story.trajectory.thought, steps, notes_of(result), trouble)


def critic_asked(events: Iterable[Event]) -> bool:
    """Whether anybody judged; who is content with everything, in a control, did not."""
    return any(isinstance(event, Judged) and event.by != CONTENT for event in events)


def _step(standing: Standing, pictures: Pictures, truth: Truth | None, judged: bool) -> StepShown:
    step, settled = standing.step, standing.settled
    kept = settled.attempt if settled else None
    tries = tuple(tried if judged else tried.model_copy(update={"critic": None}) for tried in standing.tries)
    attempts = tuple(_attempt(tried, step.prompt or "", tried.attempt.key == kept, pictures, truth) for tried in tries)
    before = pictures.of(standing.source) if standing.source and step.prompt is not None else None
    why = settled.why if settled else ""
    return StepShown(step.title, step.prompt, step.caption, standing.source is not None, before, attempts, why)


def _attempt(tried: Try, prompt: str, kept: bool, pictures: Pictures, truth: Truth | None) -> AttemptShown:
    attempt, critic = tried.attempt, tried.critic
    refined = changes(attempt.prompt, critic.refined_prompt) if critic and critic.refined_prompt else ()
    return AttemptShown(
        number=attempt.key.number + 1,
        picture=pictures.of(attempt.image),
        prompt=attempt.prompt,
        verdict=critic,
        truth=truth.of(attempt, prompt) if truth else None,
        refined=refined,
        kept=kept,
    )
