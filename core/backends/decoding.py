"""How a batch of replies is decoded: each row's tokens are drawn from its own seed, shown as text, and stopped in time.

Owns what ``generate`` leaves to its caller, one small object each. Knows tensors and tokens; knows no prompt, no picture
and no port.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers.generation.streamers import BaseStreamer

from core.dialect import BOOLEAN

if TYPE_CHECKING:
    from core.backends.vlm import Decoding

MAX_PENDING = 8  # a character has at most four bytes: more tokens than this without one are no text at all
UNFINISHED = "\ufffd"  # what a decoder writes for bytes that are not (yet) a character


class SeededNoise(LogitsProcessor):
    """Makes greedy decoding an exact sample of the softmax, each row from its own seed (the Gumbel-max trick).

    A row's noise does not depend on the rows beside it, so that a case decoded alone and the same case in a batch choose
    the same tokens, but where float noise of the batch's arithmetic tips a tie.
    """

    def __init__(self, seeds: list[int], device: torch.device) -> None:
        self._rows = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        noise_BV = torch.empty_like(scores)
        for row, generator in enumerate(self._rows):
            noise_BV[row].exponential_(generator=generator)
        # The clamp: a draw of exactly 0 would give +inf, and with an excluded token's -inf no number at all.
        return scores - noise_BV.clamp_(min=1e-30).log_()


class VerdictWatch(LogitsProcessor):
    """Keeps, of every step's logits, only those of the tokens that can begin a "true" or a "false"."""

    def __init__(self, booleans: tuple[list[int], list[int]]) -> None:
        """``booleans`` are the :func:`boolean_tokens` of the model's tokenizer."""
        self._true, self._false = booleans
        self._steps: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._steps.append(scores[:, self._true + self._false].float())
        return scores

    def p_true(self, row: int, tokens: list[int]) -> tuple[float | None, ...]:
        """For each of the row's tokens, p(true) / (p(true) + p(false)) at its place; None where it begins no boolean."""
        verdicts = {*self._true, *self._false}
        return tuple(self._at(step, row) if token in verdicts else None for step, token in enumerate(tokens))

    def _at(self, step: int, row: int) -> float:
        logits = self._steps[step][row]
        true, false = logits[: len(self._true)], logits[len(self._true) :]
        return float(torch.sigmoid(true.logsumexp(0) - false.logsumexp(0)))


def boolean_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The tokens that can begin "true", and those that can begin "false", in JSON's spelling or Python's.

    Those are the vocabulary's own (``Ġtrue``, ``▁False``, ``true, "refine_prompt": "``), and the first piece of each word
    where it has none.
    """
    words: dict[str, set[int]] = {"true": set(), "false": set()}
    for text, token in tokenizer.get_vocab().items():
        if found := BOOLEAN.match(text):
            words[found[1].lower()].add(token)
    for word, tokens in words.items():
        for spelling in (word, word.title(), f" {word}", f" {word.title()}"):
            tokens.add(tokenizer.encode(spelling, add_special_tokens=False)[0])
    true, false = words.values()
    return sorted(true - false), sorted(false - true)


def choosing(watch: VerdictWatch, how: Decoding, seeds: list[int], device: torch.device) -> LogitsProcessorList:
    """The logits processors of one call. The watch comes first: it reads the model's own distribution, at temperature 1."""
    chosen: list[LogitsProcessor] = [watch]
    if how.temperature > 0:
        chosen.append(TemperatureLogitsWarper(how.temperature))
        chosen += [TopKLogitsWarper(how.top_k)] if how.top_k > 0 else []
        chosen += [TopPLogitsWarper(how.top_p)] if how.top_p < 1 else []
        chosen.append(SeededNoise(seeds, device))
    return LogitsProcessorList(chosen)


class RowText:
    """One row's tokens as text, piece by piece. No piece ends inside a character; the text is the pieces, joined."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokens: list[int] = []
        self.ends: list[int] = []  # for each token, how long the text was once it had come
        self.text = ""
        self.ended = False
        self._tokenizer = tokenizer
        self._context = self._shown = 0  # tokens before _shown are in the text; those from _context are decoded again

    def add(self, token: int) -> str:
        self.tokens.append(token)
        pending = len(self.tokens) - self._shown
        piece = self._unshown()
        if piece.endswith(UNFINISHED) and pending <= MAX_PENDING:
            piece = ""
        if piece:
            self._context, self._shown = self._shown, len(self.tokens)
        self.text += piece
        self.ends.append(len(self.text))
        return piece

    def end(self, itself: bool) -> str:
        """No more tokens come: the rest of the text. ``itself`` says that the model ended its reply, not a bound."""
        self.ended = itself
        piece = self._unshown() if self._shown < len(self.tokens) else ""
        self._shown = len(self.tokens)
        self.text += piece
        if piece:
            self.ends[-1] = len(self.text)
        return piece

    def _unshown(self) -> str:
        # Decoded together with what came before: a piece alone can lose its leading space.
        before = self._decode(self.tokens[self._context : self._shown])
        return self._decode(self.tokens[self._context :])[len(before) :]

    def _decode(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


class BatchStreamer(BaseStreamer):
    """Hands every row's text on as it comes. (The library's own text streamers refuse more than one row.)"""

    def __init__(self, tokenizer: Any, rows: int, eos: set[int], show: Callable[[int, str], None]) -> None:
        self.rows = [RowText(tokenizer) for _ in range(rows)]
        self._open = set(range(rows))
        self._eos = eos
        self._show = show
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        if not self._prompt_seen:  # the first call brings the prompts
            self._prompt_seen = True
            return
        for row, token in enumerate(value.tolist()):
            if row not in self._open:
                continue
            if token in self._eos:
                self._open.discard(row)
                self._say(row, self.rows[row].end(itself=True))
            else:
                self._say(row, self.rows[row].add(token))

    def end(self) -> None:
        for row in sorted(self._open):
            self._say(row, self.rows[row].end(itself=False))
        self._open.clear()

    def _say(self, row: int, piece: str) -> None:
        if piece:
            self._show(row, piece)


class StopWhen(StoppingCriteria):
    """Ends all rows once nobody wants them any more, or their time is over."""

    def __init__(self, given_up: Callable[[], bool], deadline: float) -> None:
        """``deadline`` is on the clock of ``time.monotonic``."""
        self._given_up = given_up
        self._deadline = deadline

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        stop = self._given_up() or time.monotonic() >= self._deadline
        return torch.full((input_ids.shape[0],), stop, dtype=torch.bool, device=input_ids.device)


def stopping(given_up: Callable[[], bool], deadline: float) -> StoppingCriteriaList:
    return StoppingCriteriaList([StopWhen(given_up, deadline)])
