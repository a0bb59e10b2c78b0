"""Lookup: what a reply says next is guessed from what was read and said before, and checked in one step of the model.

Lossless: the tokens are those of plain decoding, sampled ones too, because what is chosen at a place depends on the seed and
the place alone (:class:`core.backends.decoding.SeededNoise`). The library's own prompt lookup has its processors choose among
made-up logits, too, and draws other samples. For a reply that is decoded alone: rows of a batch would have to wait for each
other, and their arithmetic fills the processor without guesses.

The idea of guessing from the prompt: Apoorv Saxena, "Prompt Lookup Decoding", 2023. Knows tensors and the library's cache;
knows no prompt and no port.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from core.backends.decoding import Choice, StopWhen
from core.backends.writing import BatchStreamer

LONGEST = 4  # tokens that a guess looks back at; more guess no better, by the pocket agents' replies
GUESSED = 8  # tokens guessed at once, at most
SURE = {1: 3, 2: 2}  # times in a row that a token must have come after so few others before it is guessed; after more, once
MOST_SURE = 3
KEPT = 200_000  # endings that are remembered, of some 100 bytes each

#: What ``generate`` hands on that only the prompt needs, or that is seen to here. A model that wants anything else at each
#: step is decoded by the library's own loop.
_KNOWN = {
    *("attention_mask", "logits_to_keep", "past_key_values", "position_ids", "use_cache"),
    *("image_grid_thw", "image_sizes", "mm_encoder_outputs", "mm_token_type_ids", "pixel_attention_mask", "pixel_values"),
}


class Habits:
    """What came after which tokens in all that a checkpoint has read and said: how a processor predicts branches.

    A guess costs little where it is wrong and changes no reply, so that what was said in one story may serve in another.
    """

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], tuple[int, int]] = {}  # an ending -> what came next, and how surely

    def learn(self, tokens: Sequence[int], new: int) -> None:
        """Takes in the last ``new`` of the tokens."""
        for place in range(max(1, len(tokens) - new), len(tokens)):
            for length in range(1, min(LONGEST, place) + 1):
                self._learn(tuple(tokens[place - length : place]), tokens[place])

    def _learn(self, ending: tuple[int, ...], token: int) -> None:
        known, times = self._after.get(ending, (token, 0))
        if known == token:
            self._after[ending] = (token, min(MOST_SURE, times + 1))
        else:
            self._after[ending] = (known, times - 1) if times > 1 else (token, 1)
        if len(self._after) > KEPT:
            del self._after[next(iter(self._after))]  # what has been known for longest

    def guess(self, tokens: Sequence[int], most: int) -> list[int]:
        """What comes next, as far as it is known and at most so many tokens. The longest known ending decides."""
        ending, guessed = list(tokens[-LONGEST:]), list[int]()
        while len(guessed) < most:
            known = (
                (length, *self._after[key])
                for length in range(min(LONGEST, len(ending)), 0, -1)
                if (key := tuple(ending[-length:])) in self._after
            )
            length, token, times = next(known, (0, 0, 0))
            if times < SURE.get(length, 1):
                break
            guessed.append(token)
            ending = [*ending, token][-LONGEST:]
        return guessed


class Lookup:
    """Decodes one reply, in the place of the library's loop (``generate(custom_generate=…)``)."""

    def __init__(self, habits: Habits, choice: Choice, streamer: BatchStreamer, stop: StopWhen) -> None:
        self._habits = habits
        self._choice = choice
        self._streamer = streamer
        self._stop = stop

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        **model_kwargs: Any,
    ) -> torch.Tensor:
        """Returns the prompt: what was said is the streamer's."""
        if not _can_forget(model_kwargs):
            own_loop: Callable[..., torch.Tensor] = model._sample
            asked = (input_ids, logits_processor, stopping_criteria, generation_config)
            return own_loop(*asked, streamer=self._streamer, **model_kwargs)
        [text] = input_ids.tolist()
        self._habits.learn(text, len(text))
        end = generation_config.max_length
        cache, place = model_kwargs["past_key_values"], model_kwargs["position_ids"][..., -1:]  # perhaps in several axes
        prompt = model.prepare_inputs_for_generation(input_ids, is_first_iteration=True, **model_kwargs)
        logits_1TV = model(**prompt, return_dict=True).logits[:, -1:]
        read = text[-1:]
        while True:
            said = _agreed(self._choice.tokens(logits_1TV), read)
            self._choice.passed(logits_1TV, len(said))
            cache.crop(len(said) - len(read))  # what was guessed wrongly
            text += said
            self._habits.learn(text, len(said))
            if not self._streamer.add(0, said) or len(text) >= end or self._stop.due:
                break
            # The last token, which the model has not read yet, and a guess that leaves room for the token after it.
            read = [text[-1], *self._habits.guess(text, min(GUESSED, end - len(text) - 1))]
            place = place + len(said)
            logits_1TV = model(
                input_ids=input_ids.new_tensor([read]),
                position_ids=place + torch.arange(len(read), device=place.device),
                past_key_values=cache,
                use_cache=True,
                return_dict=True,
            ).logits
        self._streamer.end()
        return input_ids


def _can_forget(model_kwargs: dict[str, Any]) -> bool:
    """Whether what the model has read can be taken back again, and it is told by its place alone where a token stands."""
    cache = model_kwargs.get("past_key_values")
    return (
        type(cache) is DynamicCache
        and bool(cache.layers)
        and all(type(layer) is DynamicLayer for layer in cache.layers)
        and model_kwargs.get("position_ids") is not None
        and model_kwargs.get("attention_mask") is None  # nothing is padded
        and model_kwargs.keys() <= _KNOWN
    )


def _agreed(chosen: list[int], read: list[int]) -> list[int]:
    """What is said: as long as what was guessed is what is chosen, and one token after that."""
    count = 1
    while count < len(read) and read[count] == chosen[count - 1]:
        count += 1
    return chosen[:count]
