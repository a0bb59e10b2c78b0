"""The reference's loop and its way to decode, in small: what the engine is held against (facts: README, How it works).

It tells one story at a time; writes each picture as PNG at level 6 before it goes on; lets each model write one reply at a
time by plain ``generate``; loads every model for itself; and keeps the last attempt. What it asks is ours, so that the models
of both do the same: prompts and replies are the dialect's, seeds are the policy's, and a failed call is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from PIL.Image import Image
from transformers import LogitsProcessorList, TemperatureLogitsWarper

from core.backends.checkpoint import Checkpoint, load_checkpoint
from core.backends.decoding import SeededNoise
from core.backends.scene import ScenePainter
from core.backends.vlm import MAX_NEW_TOKENS, Reply, VlmCritic, VlmPlanner
from core.dialect import Message, load_pack
from core.errors import AgentError
from core.policy import derive_seed
from core.ports import Agents, DrawCase, JudgeCase, PlanCase, Results, Stream
from core.profiles import Profile, SceneModel, VlmModel
from core.types import Policy, Request

PNG_LEVEL = 6  # Pillow's own, which the reference leaves as it is

Case, Made = TypeVar("Case"), TypeVar("Made")


@dataclass(frozen=True)
class Counts:
    """How many calls of the painter and of the critic a story took."""

    drawn: int = 0
    judged: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.drawn + other.drawn, self.judged + other.judged)


def tell_all(agents: Agents, requests: Iterable[Request], policy: Policy, folder: Path) -> Counts:
    """One story after the other, the pictures of each in a folder of its own."""
    return sum((tell(agents, request, policy, folder / f"{n}") for n, request in enumerate(requests)), Counts())


def tell(agents: Agents, request: Request, policy: Policy, folder: Path) -> Counts:
    """Tells a story, each attempt's picture a file in the folder."""
    folder.mkdir(parents=True)
    calls: list[str] = []

    def ask(call: Callable[[list[Case]], Stream[Results[Made]]], case: Callable[[int], Case], *names: str | int) -> Made:
        """What the model makes of the case; it is asked again, with another seed, where that fails."""
        for failed in range(policy.max_failures):
            calls.append(str(names[0]))
            (made,) = drained(call([case(derive_seed(request.seed, *names, failed))]))
            if not isinstance(made, AgentError):
                return made
        raise made

    plan = ask(agents.planner.plan, lambda seed: PlanCase(request.text, (), seed), "plan", 0)
    before: Image | None = None
    for number, step in enumerate(plan.steps, start=1):
        source, prompt = before, step.prompt
        for attempt in range(policy.max_attempts if step.prompt else 0):
            names = (f"s{number}", 0, attempt)
            before = ask(agents.painter.draw, partial(DrawCase, prompt, source), "draw", *names)
            before.save(folder / f"{number}-{attempt}.png", compress_level=PNG_LEVEL)
            verdict = ask(agents.critic.judge, partial(JudgeCase, source, before, step.prompt, prompt), "judge", *names)
            if verdict.accepted:
                break
            prompt = verdict.refined_prompt or prompt
    return Counts(calls.count("draw"), calls.count("judge"))


def drained(stream: Generator[Any, None, Made]) -> Made:
    """What a call returns, without what it shows on the way."""
    try:
        while True:
            next(stream)
    except StopIteration as finished:
        made: Made = finished.value
        return made


class Eager:
    """A checkpoint as the reference decodes it. Its sampling is ours, so that the same seed writes the same reply."""

    def __init__(self, checkpoint: Checkpoint, temperature: float, longest: int = MAX_NEW_TOKENS) -> None:
        """``longest`` is the most tokens of a reply."""
        self.checkpoint = checkpoint
        self.temperature = temperature
        self.longest = longest

    @classmethod
    def load(cls, wanted: VlmModel) -> Eager:
        """Loads the weights, also where another agent has them in memory already."""
        checkpoint = load_checkpoint(wanted.model, wanted.revision, dtype=wanted.dtype)
        advised = checkpoint.advice.temperature if checkpoint.advice.do_sample else None
        temperature = wanted.temperature if wanted.temperature is not None else advised or 0.0
        return cls(checkpoint, temperature, wanted.max_new_tokens or MAX_NEW_TOKENS)

    @property
    def name(self) -> str:
        return self.checkpoint.name

    def generate(self, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int]) -> Stream[Results[Reply]]:
        yield from ()
        return [self._reply(*case) for case in zip(conversations, images, seeds, strict=True)]

    def _reply(self, messages: list[Message], images: list[Image], seed: int) -> Reply:
        checkpoint = self.checkpoint
        batch = checkpoint.encode([messages], [images])
        length = batch["input_ids"].shape[1]
        chosen: list[Any] = []
        if self.temperature:
            chosen = [TemperatureLogitsWarper(self.temperature), SeededNoise([seed], checkpoint.device)]
        room = min(self.longest, (checkpoint.context or length + self.longest) - length)
        written = checkpoint.model.generate(
            **batch, do_sample=False, max_new_tokens=room, logits_processor=LogitsProcessorList(chosen)
        )[0, length:].tolist()
        text = checkpoint.tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        ended = written[-1] in checkpoint.eos
        return Reply(text, tuple(written), ended, (len(text),) * len(written), (None,) * len(written))


def eager_agents(profile: Profile) -> Agents:
    """The profile's agents as the reference would have them: three loads, and the scene painter's as eager as the others."""
    assert isinstance(profile.painter, SceneModel)
    pack = load_pack(Path(profile.prompts))
    return Agents(
        planner=VlmPlanner(Eager.load(profile.planner), pack),
        painter=ScenePainter(Eager.load(profile.painter), pack, profile.painter.side),
        critic=VlmCritic(Eager.load(profile.critic), pack),
    )
