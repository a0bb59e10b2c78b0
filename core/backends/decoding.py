"""How a batch of replies is decoded: each row's tokens are chosen by its own seed, and decoding stops in time.

Owns what ``generate`` leaves to its caller, one small object each. Knows tensors and tokens; knows no prompt, no picture
and no port.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from core.dialect import BOOLEAN

if TYPE_CHECKING:
    from core.backends.vlm import Decoding


class SeededNoise(LogitsProcessor):
    """Makes greedy decoding an exact sample of the softmax, each row from its own seed (the Gumbel-max trick).

    What is added at a place in a row's reply depends on the row's seed and the place alone. So a case decoded alone, in a
    batch, or several tokens at a time chooses the same tokens, but where float noise of the arithmetic tips a tie.
    """

    def __init__(self, seeds: list[int], device: torch.device) -> None:
        self._rows = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self._ahead: deque[torch.Tensor] = deque()  # drawn for places that no token has been chosen for (B, V each)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        noisy = self.ahead(scores[:, None])[:, 0]
        self.passed(1)
        return noisy

    def ahead(self, scores_BTV: torch.Tensor) -> torch.Tensor:
        """The scores of the next places, with the noise of those places."""
        # Drawn one place after another: the same numbers drawn in one piece would be others.
        while len(self._ahead) < scores_BTV.shape[1]:
            self._ahead.append(self._drawn(scores_BTV[:, 0]))
        return scores_BTV - torch.stack([self._ahead[place] for place in range(scores_BTV.shape[1])], 1)

    def passed(self, count: int) -> None:
        """So many tokens were chosen: the next place is behind them."""
        for _ in range(count):
            self._ahead.popleft()

    def _drawn(self, like_BV: torch.Tensor) -> torch.Tensor:
        noise_BV = torch.empty_like(like_BV)
        for row, generator in enumerate(self._rows):
            noise_BV[row].exponential_(generator=generator)
        # The clamp: a draw of exactly 0 would give +inf, and with an excluded token's -inf no number at all.
        return noise_BV.clamp_(min=1e-30).log_()


class VerdictWatch(LogitsProcessor):
    """Keeps, of each place's logits, only those of the tokens that can begin a "true" or a "false"."""

    def __init__(self, booleans: tuple[list[int], list[int]], device: torch.device) -> None:
        """``booleans`` are the :func:`boolean_tokens` of the model's tokenizer."""
        true, false = booleans
        self._true = len(true)
        self._verdicts = {*true, *false}
        self._columns = torch.tensor([*true, *false], device=device)
        self._seen: list[torch.Tensor] = []  # (B, places, booleans) each

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self.see(scores[:, None])
        return scores

    def see(self, logits_BTV: torch.Tensor) -> None:
        """The model's own logits at the places of the next tokens."""
        self._seen.append(logits_BTV.index_select(-1, self._columns))

    def p_true(self, row: int, tokens: list[int]) -> tuple[float | None, ...]:
        """For each of the row's tokens, p(true) / (p(true) + p(false)) at its place; None where it begins no boolean."""
        if not self._verdicts.intersection(tokens):
            return (None,) * len(tokens)
        logits_TK = torch.cat([seen[row] for seen in self._seen])[: len(tokens)].float()
        true_T, false_T = (part.logsumexp(1) for part in (logits_TK[:, : self._true], logits_TK[:, self._true :]))
        p_true = torch.sigmoid(true_T - false_T).tolist()
        return tuple(p if token in self._verdicts else None for token, p in zip(tokens, p_true, strict=True))


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


class Choice:
    """Chooses one call's tokens: a place at a time in the library's loop, or several places of a single row at once."""

    def __init__(self, how: Decoding, seeds: list[int], watch: VerdictWatch, device: torch.device) -> None:
        self._watch = watch
        self._warpers = LogitsProcessorList()
        self._noise: SeededNoise | None = None
        if how.temperature > 0:
            self._warpers.append(TemperatureLogitsWarper(how.temperature))
            if how.top_k > 0:
                self._warpers.append(TopKLogitsWarper(how.top_k))
            if how.top_p < 1:
                self._warpers.append(TopPLogitsWarper(how.top_p))
            self._noise = SeededNoise(seeds, device)

    @property
    def processors(self) -> LogitsProcessorList:
        """The same for a loop of the library, which then takes the greatest."""
        # The watch comes first: it reads the model's own distribution, at temperature 1.
        return LogitsProcessorList([self._watch, *self._warpers, *([self._noise] if self._noise else [])])

    def tokens(self, logits_1TV: torch.Tensor) -> list[int]:
        """What the one row says at its next places, if what was read of it up to there is what it said."""
        scores_TV = self._warpers(None, logits_1TV[0].float())  # type: ignore[arg-type]  # none of them reads the tokens
        if self._noise is not None:
            scores_TV = self._noise.ahead(scores_TV[None])[0]
        chosen: list[int] = scores_TV.argmax(-1).tolist()
        return chosen

    def passed(self, logits_1TV: torch.Tensor, count: int) -> None:
        """So many of the tokens were really said."""
        self._watch.see(logits_1TV[:, :count])
        if self._noise is not None:
            self._noise.passed(count)


class StopWhen(StoppingCriteria):
    """Ends all rows once nobody wants them any more, or their time is over."""

    def __init__(self, given_up: Callable[[], bool], deadline: float) -> None:
        """``deadline`` is on the clock of ``time.monotonic``."""
        self._given_up = given_up
        self._deadline = deadline

    @property
    def due(self) -> bool:
        return self._given_up() or time.monotonic() >= self._deadline

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), self.due, dtype=torch.bool, device=input_ids.device)
