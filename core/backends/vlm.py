"""A planner and a critic on any vision-language checkpoint: asks the model through the dialect, reads what it answers.

Owns one call: batching, seeds, streaming, bounds, and what happens when memory runs out. Prompts and replies are the
dialect's, tokens are :mod:`core.backends.decoding`'s, weights are :mod:`core.backends.checkpoint`'s.

**How a reply is chosen.** Each checkpoint has one temperature: the profile's, else that of its ``generation_config.json``
(with ``top_p`` and ``top_k``; other advice there is not taken). At 0 a reply is greedy and the seed changes nothing, so
asking again gives the same reply: agents that may be asked again need a temperature above 0. Above 0 a reply is an exact
sample by its own seed. The same case and seed give the same reply on the same device and dtype; batching it with others
changes it only where the batch's float noise tips a tie.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from core.backends.bridge import Emit, bridge, on_models_thread
from core.backends.checkpoint import Checkpoint, load_checkpoint
from core.dialect import (
    Message,
    Pack,
    critic_messages,
    parse_plan,
    parse_verdict,
    planner_messages,
    shows_references,
    verdict_offset,
)
from core.errors import AgentError, Cancelled, OutOfMemory, ReplyError
from core.ports import JudgeCase, PlanCase, Results, Stream, TextDelta
from core.types import Plan, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.backends.writing import RowText

MAX_NEW_TOKENS = 4096  # the longest response that the released agents were trained on (METHOD: training)
MAX_SECONDS = 600.0  # 4096 tokens at the 25 a second of an eager 8B model take 164 s
NO_MEMORY = "The accelerator's memory did not suffice for this reply. Free some, or use a profile with smaller models."

Loop = Literal["plain", "lookup"]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Decoding:
    """How replies are chosen and bounded. ``seconds`` bounds one whole call, all its cases together.

    The ``loop`` changes how long a reply takes, not what it says: ``plain`` is the library's, a token a step; ``lookup``
    guesses several of a reply that is decoded alone (:mod:`core.backends.lookup`).
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    max_new_tokens: int = MAX_NEW_TOKENS
    seconds: float = MAX_SECONDS
    loop: Loop = "lookup"


@dataclass(frozen=True)
class Reply:
    """What a model wrote. ``ended`` is False where a bound cut it off."""

    text: str
    token_ids: tuple[int, ...]  # -1 where a server does not say which
    ended: bool
    ends: tuple[int, ...]  # for each token, how long the text was once it had come
    p_trues: tuple[float | None, ...]  # for each token, p("true") against "false" at its place, if it begins one of them

    def p_true(self, offset: int | None) -> float | None:
        """The probability of "true" where the text has a boolean at ``offset``; None if it has none there."""
        if offset is None or offset >= len(self.text):
            return None
        return self.p_trues[bisect_right(self.ends, offset)]


class Respondent(Protocol):
    """Whoever answers conversations about pictures: a checkpoint in memory (:class:`Vlm`), or one on a server."""

    @property
    def name(self) -> str: ...
    def generate(
        self, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int]
    ) -> Stream[Results[Reply]]: ...


def load_vlm(
    model: str,
    *,
    revision: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    adapter: str | None = None,
    attn: str | None = None,
    max_new_tokens: int | None = None,
    temperature: float | None = None,
    seconds: float = MAX_SECONDS,
    load: Callable[..., Checkpoint] = load_checkpoint,
) -> Vlm:
    """Loads a local folder or hub id, with a LoRA ``adapter`` over it; what is None the checkpoint says.

    For a second agent on the same weights use :meth:`Vlm.with_adapter`. Raises ``ProfileError``.
    """
    checkpoint = on_models_thread(lambda: load(model, revision, device, dtype, attn))
    advice = checkpoint.advice
    if temperature is None:
        temperature = (advice.temperature if advice.temperature is not None else 1.0) if advice.do_sample else 0.0
    decoding = Decoding(
        temperature=temperature,
        top_p=advice.top_p if advice.top_p is not None else 1.0,
        top_k=advice.top_k or 0,
        max_new_tokens=max_new_tokens or advice.max_new_tokens or MAX_NEW_TOKENS,
        seconds=seconds,
        loop="lookup" if checkpoint.device.type == "cpu" else "plain",  # measured on a CPU, where it is faster
    )
    return Vlm(checkpoint, decoding, checkpoint.name).with_adapter(adapter)


@dataclass(frozen=True)
class Vlm:
    """A checkpoint as one agent uses it: with which adapter, and how its replies are chosen."""

    checkpoint: Checkpoint
    decoding: Decoding
    name: str
    adapter: str | None = None

    def with_adapter(self, adapter: str | None, decoding: Decoding | None = None) -> Vlm:
        """The same weights in memory with another adapter over them (None: with none), and perhaps decoded otherwise."""
        name = self.checkpoint.name
        if adapter is not None:
            name = f"{name}+{on_models_thread(lambda: self.checkpoint.add_adapter(adapter))}"
        return replace(self, adapter=adapter, name=name, decoding=decoding or self.decoding)

    def generate(
        self, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int], begun: Sequence[int] = ()
    ) -> Stream[Results[Reply]]:
        """One reply a conversation; its images fill its image parts in order. Deltas are the replies' texts as they come.

        Replies that have ``begun`` go on after these tokens, and have them and their text as if the model had chosen them.
        """
        cases = list(zip(conversations, images, seeds, strict=True))
        return bridge(lambda emit: _Call(self, cases, begun, emit).replies(list(range(len(cases)))))


class _Call:
    """One call of ``generate``, on the model's thread."""

    def __init__(self, vlm: Vlm, cases: list[tuple[list[Message], list[Image], int]], begun: Sequence[int], emit: Emit) -> None:
        self.vlm = vlm
        self.cases = cases
        self.begun = begun
        self.emit = emit
        self.deadline = time.monotonic() + vlm.decoding.seconds
        self.shown = [0] * len(cases)  # characters shown of each case: a second try does not show them again

    def replies(self, indices: list[int]) -> Results[Reply]:
        """The replies of these cases; the batch is halved until it fits, and a case that does not fit alone has failed."""
        import torch

        if not indices:
            return []
        trouble: AgentError
        try:
            return list(self._decode(indices))
        except torch.OutOfMemoryError:
            trouble = OutOfMemory(NO_MEMORY)
        except _TooLong as error:
            trouble = ReplyError(str(error))
        # Outside the except clause: inside it, the traceback would keep the failed call's tensors alive.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if len(indices) == 1:
            return [trouble]
        half = len(indices) // 2
        return [*self.replies(indices[:half]), *self.replies(indices[half:])]

    def _decode(self, indices: list[int]) -> list[Reply]:
        from transformers import StoppingCriteriaList

        from core.backends.decoding import Choice, StopWhen, VerdictWatch
        from core.backends.lookup import Lookup
        from core.backends.writing import BatchStreamer

        checkpoint, decoding = self.vlm.checkpoint, self.vlm.decoding
        conversations, images, seeds = (list(column) for column in zip(*(self.cases[i] for i in indices), strict=True))
        checkpoint.use(self.vlm.adapter)
        batch = checkpoint.encode(conversations, images, self.begun)
        room = _room(checkpoint.context, int(batch["attention_mask"].sum(1).max()), decoding.max_new_tokens)
        watch = VerdictWatch(checkpoint.booleans, checkpoint.device)
        choice = Choice(decoding, seeds, watch, checkpoint.device)
        stop = StopWhen(lambda: self.emit.cancelled, self.deadline)
        guesses = decoding.loop == "lookup" and len(indices) == 1
        said = [0] * len(indices)

        def show(row: int, piece: str) -> None:
            index, start = indices[row], said[row]
            said[row] += len(piece)
            if new := piece[max(0, self.shown[index] - start) :]:
                self.emit(TextDelta(index=index, text=new))
                self.shown[index] = said[row]

        streamer = BatchStreamer(checkpoint.tokenizer, len(indices), checkpoint.eos, show, self.begun)
        checkpoint.model.generate(
            **batch,
            do_sample=False,  # over the seeded noise, the greatest is a sample
            max_new_tokens=room,
            logits_processor=choice.processors,
            stopping_criteria=StoppingCriteriaList([stop]),
            streamer=streamer,
            custom_generate=Lookup(checkpoint.habits, choice, streamer, stop) if guesses else None,
        )
        if self.emit.cancelled:
            raise Cancelled("The reply was given up.")
        return [self._reply(row, watch.p_true(number, row.tokens[len(self.begun) :])) for number, row in enumerate(streamer.rows)]

    def _reply(self, row: RowText, p_trues: tuple[float | None, ...]) -> Reply:
        unseen = (None,) * len(self.begun)
        return Reply(row.text, tuple(row.tokens), row.ended, tuple(row.ends), unseen + p_trues)


class _TooLong(Exception):
    """A prompt leaves no room for a reply."""


def _room(context: int | None, prompt: int, wanted: int) -> int:
    """How many tokens a reply may have after a prompt of so many."""
    if context is None:
        return wanted
    if prompt >= context:
        raise _TooLong(f"The request has {prompt} tokens; this model reads at most {context}. Make it shorter.")
    return min(wanted, context - prompt)


@dataclass(frozen=True)
class VlmPlanner:
    """Plans with a vision-language model."""

    vlm: Respondent
    pack: Pack

    @property
    def name(self) -> str:
        return self.vlm.name

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        replies = yield from self.vlm.generate(
            [self._asked(case) for case in cases],
            [self._pictures(case) for case in cases],
            [case.seed for case in cases],
        )
        return [read(reply, lambda reply: parse_plan(reply.text)) for reply in replies]

    def _asked(self, case: PlanCase) -> list[Message]:
        return planner_messages(
            self.pack,
            case.text,
            len(case.images),
            given=[(text, image is not None) for text, image in case.given],
            references=len(case.references),
            notes=case.notes,
            text_only=case.answer == "text",
        )

    def _pictures(self, case: PlanCase) -> list[Image]:
        """The case's pictures in the order of the message's placeholders."""
        references = case.references if shows_references(self.pack) else ()
        return [*case.images, *(image for _, image in case.given if image is not None), *references]


@dataclass(frozen=True)
class VlmCritic:
    """Judges with a vision-language model. Where there was no picture before, it sees a blank white one."""

    vlm: Respondent
    pack: Pack

    @property
    def name(self) -> str:
        return self.vlm.name

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        return (yield from verdicts(self.vlm, *questions(self.pack, cases)))


Questions = tuple[list[list[Message]], "list[list[Image]]", list[int]]  # conversations, their pictures, seeds


def questions(pack: Pack, cases: list[JudgeCase]) -> Questions:
    """What a critic is asked about these cases."""
    return (
        [critic_messages(pack, case.prompt, case.current) for case in cases],
        [[case.before or _blank(case.after), case.after] for case in cases],
        [case.seed for case in cases],
    )


def verdicts(
    vlm: Respondent, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int]
) -> Stream[Results[Verdict]]:
    """A critic's answers to its questions, with the probability of success in its own words."""
    replies = yield from vlm.generate(conversations, images, seeds)
    return [read(reply, _verdict) for reply in replies]


def read(reply: Reply | AgentError, parse: Callable[[Reply], Made]) -> Made | AgentError:
    """What the reply means, or why it means nothing."""
    if isinstance(reply, AgentError):
        return reply
    try:
        return parse(reply)
    except ReplyError as error:
        return error if reply.ended else ReplyError(f"The reply was cut off after {len(reply.token_ids)} tokens.")


def _verdict(reply: Reply) -> Verdict:
    p_success = reply.p_true(verdict_offset(reply.text))
    return parse_verdict(reply.text).model_copy(update={"p_success": p_success})


def _blank(after: Image) -> Image:
    from PIL import Image as images

    return images.new("RGB", after.size, "white")
