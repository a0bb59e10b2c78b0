"""A critic that says its verdict first: one look at the prompt decides what is sure, and only the unsure is thought about.

A reply is begun for the model, without a thought and up to the boolean. How probable "true" is there takes no decoding. What
is surely a success passes at once; what is surely none has its prompt refined without a thought; the rest, and what the short
way can't say, goes to the full critic. That is so, too, where the model would not have said a boolean at all: one that was
only ever taught to think first may be lost without its thought, and what it then holds of "true" tells nothing. Which way a
verdict came its ``raw`` tells (:func:`core.dialect.judged_first`).

Knows a checkpoint in memory: a server's protocol cannot go on with a reply that somebody else began.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Self, TypeVar

from pydantic import Field, model_validator

from core.backends.bridge import at
from core.backends.vlm import Questions, Reply, Vlm, questions, read, verdicts
from core.dialect import Message, Pack, parse_verdict, unthought_verdicts
from core.errors import AgentError
from core.ports import JudgeCase, Results, Stream, TextDelta
from core.types import Value, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image

Made = TypeVar("Made")


class Sure(Value):
    """The probabilities of success from which on a picture is accepted at once, and down from which it is refused."""

    accept: float = Field(ge=0, le=1)
    refine: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.refine >= self.accept:
            raise ValueError("refine must be less than accept")
        return self


@dataclass(frozen=True)
class QuickCritic:
    """As :class:`~core.backends.vlm.VlmCritic`, with the same model and prompts."""

    vlm: Vlm
    pack: Pack
    sure: Sure

    @property
    def name(self) -> str:
        return self.vlm.name

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        return (yield from quick_verdicts(self.vlm, self.sure, *questions(self.pack, cases)))


def quick_verdicts(
    vlm: Vlm, sure: Sure, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int]
) -> Stream[Results[Verdict]]:
    """As :func:`core.backends.vlm.verdicts`, of which only what is unsure is asked. Nothing is shown of the first look."""
    cases = list(zip(conversations, images, seeds, strict=True))
    looks = yield from _looks(vlm, cases)
    made: dict[int, Verdict | AgentError] = {
        place: Verdict(accepted=True, p_success=p_success, raw=text)
        for place, (text, p_success) in looks.items()
        if p_success >= sure.accept
    }
    refused = [place for place, (_, p_success) in looks.items() if p_success <= sure.refine]
    _, refusal = openings(vlm)
    refined = yield from _among(refused, cases, lambda asked: vlm.generate(*asked, refusal))
    for place, reply in refined.items():
        if isinstance(verdict := read(reply, lambda reply: parse_verdict(reply.text)), Verdict):
            made[place] = verdict.model_copy(update={"p_success": looks[place][1]})
    unsure = [place for place in range(len(cases)) if place not in made]
    made |= yield from _among(unsure, cases, lambda asked: verdicts(vlm, *asked))
    return [made[place] for place in range(len(cases))]


def openings(vlm: Vlm) -> tuple[list[int], list[int]]:
    """The tokens of a verdict that comes first: up to its boolean, and with the one that says, or begins to say, "false"."""
    tokenizer = vlm.checkpoint.tokenizer
    accepted, refused = (tokenizer.encode(reply, add_special_tokens=False) for reply in unthought_verdicts())
    begun = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(accepted, refused, strict=False))]
    return begun, refused[: len(begun) + 1]


_Case = tuple[list[Message], "list[Image]", int]  # a conversation, its pictures, a seed


def _looks(vlm: Vlm, cases: list[_Case]) -> Stream[dict[int, tuple[str, float]]]:
    """By case, the reply up to its boolean and how probable "true" is there; none where the model says something else."""
    begun, _ = openings(vlm)
    # Not looked up: nothing is learned from one token, and the whole prompt would be.
    once = replace(vlm, decoding=replace(vlm.decoding, temperature=0.0, max_new_tokens=1, loop="plain"))
    replies = yield from _among(list(range(len(cases))), cases, lambda asked: _silent(once.generate(*asked, begun)))
    return {
        place: (reply.text, p_success)
        for place, reply in replies.items()
        if isinstance(reply, Reply) and (p_success := reply.p_trues[-1]) is not None
    }


def _silent(stream: Stream[Made]) -> Stream[Made]:
    """The stream with nothing to read in it; it still yields, because a call can only be given up where it does."""
    with closing(stream):
        while True:
            try:
                delta = next(stream)
            except StopIteration as finished:
                made: Made = finished.value
                return made
            yield delta.model_copy(update={"text": ""}) if isinstance(delta, TextDelta) else delta


def _among(places: list[int], cases: list[_Case], ask: Callable[[Questions], Stream[list[Made]]]) -> Stream[dict[int, Made]]:
    """What is answered to the cases at these places, by place; nobody is asked about none."""
    if not places:
        return {}
    stream = ask(_columns([cases[place] for place in places]))
    with closing(stream):
        while True:
            try:
                delta = next(stream)
            except StopIteration as finished:
                return dict(zip(places, finished.value, strict=True))
            yield at(delta, places[delta.index])


def _columns(cases: list[_Case]) -> Questions:
    conversations, images, seeds = (list(column) for column in zip(*cases, strict=True))
    return conversations, images, seeds
