"""Tells a story for every prompt of a file, with the studio's own scheduler and store. Knows no model and prints nothing.

A prompt's story has an id that follows from what was asked (:func:`story_id_of`), so a second run over the same file finds
the stories of the first one: those that are done are skipped, the others go on from their last fact. Where several profiles
share a file, which of them tells a prompt follows from the prompt's id (:func:`deal`), so a shard or a longer file changes no
prompt's teller.
"""

from __future__ import annotations

import base64
import hashlib
from codecs import BOM_UTF8
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import reduce
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError, field_validator

from core.commands import Open, Resume
from core.errors import BadImage, NotFound, WriteConflict
from core.images import ImageStore
from core.policy import Draw, JudgeAttempt, Rest, derive_seed, next_task
from core.ports import Agents
from core.scheduler import Began, Notice, Scheduler
from core.store import Store, StoryCard
from core.story import Story
from core.types import MAX_TEXT, Policy, Request

COLLECTOR = "person:collect"  # who opens the stories
CARDS_AT_ONCE = 500  # in one query: SQLite takes some thousand parameters
UNTOLD = ("running", "stuck")  # statuses of stories that the next run goes on with

#: Hears which line of the file was left out, and why.
Complain = Callable[[int, str], None]


@dataclass(frozen=True)
class Prompt:
    """One line of the file. ``image`` is inside the file's folder, named there as ``image_name``."""

    line: int
    id: str
    text: str
    image: Path | None = None
    image_name: str = ""

    def request(self, pictures: ImageStore, seed: int) -> Request:
        """What the story is asked for; its pictures are kept. ``BadImage``."""
        images = (pictures.import_upload(self.image),) if self.image else ()
        return Request(text=self.text, images=images, seed=seed)


@dataclass(frozen=True)
class Shard:
    """The ``number``-th of ``of`` equal parts of a file's prompts, from 1. Parts share no prompt, and a part never changes."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that "2/8" names; ``ValueError`` if it names none."""
        number, _, of = text.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise ValueError(f"a shard is like 2/8, not {text!r}")
        return cls(int(number), int(of))

    def part(self, prompts: Sequence[Prompt]) -> list[Prompt]:
        return list(prompts[self.number - 1 :: self.of])


@dataclass(frozen=True)
class Terms:
    """What all stories of a run have in common. With other terms, the same prompt is another story."""

    profile: str
    policy: Policy
    seed: int


@dataclass(frozen=True)
class Share:
    """What one profile tells of a run: its prompts, on its terms."""

    terms: Terms
    prompts: Sequence[Prompt]

    def totals(self, store: Store) -> Totals:
        """What the store holds now for these prompts."""
        return reduce(Totals.plus, self._cards(store), Totals())

    def told(self, store: Store) -> bool:
        """Whether there is nothing left to tell, so that nobody needs the profile's models."""
        cards = list(self._cards(store))
        return len(cards) == len(self.prompts) and not any(card.status in UNTOLD for card in cards)

    def _cards(self, store: Store) -> Iterator[StoryCard]:
        ids = [story_id_of(prompt, self.terms) for prompt in self.prompts]
        for at in range(0, len(ids), CARDS_AT_ONCE):
            yield from store.cards(ids[at : at + CARDS_AT_ONCE])


def deal(prompts: Sequence[Prompt], profiles: Sequence[str], seed: int) -> dict[str, list[Prompt]]:
    """Each prompt to one of the profiles, about equally many to each; a profile may get none of a few prompts.

    By the prompt's id, the profiles' names and the seed alone: neither the prompt's place in the file, nor the shard, nor the
    order of the profiles matters, and one more profile takes prompts from the others but moves none between them.
    """

    def teller(prompt: Prompt) -> str:  # rendezvous hashing: every profile draws a lot for the prompt, and the highest has it
        return max(profiles, key=lambda name: (derive_seed(seed, "profile", name, prompt.id), name))

    dealt: dict[str, list[Prompt]] = {name: [] for name in profiles}
    for prompt in prompts:
        dealt[teller(prompt)].append(prompt)
    return dealt


@dataclass
class Calls:
    """How many calls of each model were begun in a run."""

    generator: int = 0
    critic: int = 0

    def hear(self, notice: Notice) -> None:
        match notice.what:
            case Began(task=Draw()):
                self.generator += 1
            case Began(task=JudgeAttempt()):
                self.critic += 1


@dataclass(frozen=True)
class Totals:
    """What a data folder holds for some prompts. ``accepted`` counts steps whose picture the critic accepted."""

    stories: int = 0
    finished: int = 0
    failed: int = 0
    steps: int = 0
    attempts: int = 0
    accepted: int = 0

    def __add__(self, other: Totals) -> Totals:
        mine, theirs = asdict(self), asdict(other)
        return Totals(**{name: mine[name] + theirs[name] for name in mine})

    def plus(self, card: StoryCard) -> Totals:
        return Totals(
            stories=self.stories + 1,
            finished=self.finished + (card.status == "done"),
            failed=self.failed + (card.status == "stuck"),
            steps=self.steps + card.steps,
            attempts=self.attempts + card.attempts,
            accepted=self.accepted + card.accepted,
        )


class _Line(BaseModel):
    """A line's JSON; other keys are left alone."""

    id: str | int
    user_input: str = Field(max_length=MAX_TEXT)
    user_input_image: str | None = None

    @field_validator("user_input")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("it is empty")
        return text


def read_prompts(path: Path, complain: Complain) -> list[Prompt]:
    """The prompts of a JSON-lines file. What is malformed, or has an id a second time, is complained of and left out."""
    prompts: dict[str, Prompt] = {}
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                prompt = _prompt(number, line, path.parent)
            except (ValueError, RuntimeError) as error:  # RuntimeError: a picture that is a link to itself
                complain(number, str(error))
                continue
            if prompt.id in prompts:
                complain(number, f"the id {prompt.id!r} is that of line {prompts[prompt.id].line}, too")
            else:
                prompts[prompt.id] = prompt
    return list(prompts.values())


def _prompt(number: int, line: bytes, folder: Path) -> Prompt:
    try:
        read = _Line.model_validate_json(line.removeprefix(BOM_UTF8))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"][:1]))
        raise ValueError(f"{place}: {fault['msg']}" if place else fault["msg"]) from error
    if not read.user_input_image:
        return Prompt(number, str(read.id), read.user_input)
    image = (folder / read.user_input_image).resolve()
    if not image.is_relative_to(folder.resolve()):
        raise ValueError(f"the picture {read.user_input_image!r} is outside the file's folder")
    return Prompt(number, str(read.id), read.user_input, image, read.user_input_image)


def story_id_of(prompt: Prompt, terms: Terms) -> str:
    """The id of this prompt's story: the same in every run on the same terms."""
    # Only what differs from the usual: a setting that a later version adds gives no prompt another id.
    policy = terms.policy.model_dump_json(exclude_defaults=True)
    asked = (terms.profile, policy, terms.seed, prompt.id, prompt.text, prompt.image_name)
    return base64.b32encode(hashlib.sha256(repr(asked).encode()).digest()).decode()[:12].lower()


@dataclass
class Collection:
    """The stories of some prompts in one store, and the telling of them, ``in_flight`` at a time."""

    store: Store
    agents: Agents
    prompts: Sequence[Prompt]
    terms: Terms
    in_flight: int = 8
    calls: Calls = field(default_factory=Calls)

    def tell(self, complain: Complain) -> Generator[Notice | StoryCard, None, None]:
        """Yields what happens, and each story's card when it rests.

        May be closed at any point: what was recorded is kept, and the next run goes on from there.
        """
        scheduler = Scheduler(self.agents, self.store.images, patient=True)
        left, live = iter(self.prompts), dict[str, Story]()
        while True:
            while len(live) < self.in_flight and (prompt := next(left, None)):
                try:
                    story = self._story(prompt)
                except (BadImage, NotFound) as error:
                    complain(prompt.line, str(error))
                    continue
                if isinstance(story, StoryCard):
                    yield story
                else:
                    live[story.id] = story
                    scheduler.add(story)
            if not live:
                return
            with closing(scheduler.round()) as notices:  # also when whoever iterates stops in the middle
                for notice in notices:
                    self.calls.hear(notice)
                    yield notice
            for story in [story for story in live.values() if isinstance(next_task(story.trajectory), Rest)]:
                scheduler.drop(story.id)
                del live[story.id]
                self.store.release(story.id)
                yield self.store.card(story.id)

    def totals(self) -> Totals:
        """What the store holds now for these prompts."""
        return Share(self.terms, self.prompts).totals(self.store)

    def _story(self, prompt: Prompt) -> Story | StoryCard:
        """The prompt's story, ready to go on; only its card if there is nothing to do, or another process tells it.

        A stuck one gets another chance. ``NotFound`` if somebody deleted it.
        """
        story_id = story_id_of(prompt, self.terms)
        try:
            card = self.store.card(story_id)
        except NotFound:
            if not self.store.claim(story_id):
                raise NotFound("another process begins its story just now") from None
            return self._opened(prompt, story_id)
        if card.status not in UNTOLD or not self.store.claim(story_id):
            return card
        story = self.store.open_story(story_id)
        if card.status == "stuck":
            story.send(Resume(), COLLECTOR)
        return story

    def _opened(self, prompt: Prompt, story_id: str) -> Story:
        request = prompt.request(self.store.images, derive_seed(self.terms.seed, "prompt", prompt.id))
        command = Open(request=request, policy=self.terms.policy, profile=self.terms.profile)
        try:
            return self.store.create(command, COLLECTOR, story_id)
        except WriteConflict as error:  # it is there, but on no list
            raise NotFound("its story was deleted in the studio") from error
