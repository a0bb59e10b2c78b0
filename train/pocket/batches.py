"""Examples as batches of tensors: tokens with their weights in the loss, and pictures. Made in a process of its own.

A row is what inference sees, token for token: the processor's chat template around the prompt, then the reply and the end
of the turn. Only the reply is learned. Rows are padded on the right, so a causal model needs no mask.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from core.backends.qwen_processor import load_processor
from core.pocket.world import Scene
from train.pocket import examples as language
from train.pocket.pictures import draw
from train.pocket.recipe import (
    BLOCK,
    COMPARED_WEIGHT,
    LENGTH_WEIGHT,
    NO_WEIGHT,
    OUTLINE_WEIGHT,
    PLACE_WEIGHT,
    TOKENS,
    VERDICT_WEIGHT,
    YES_WEIGHT,
)

VERDICT = '</think><answer>{"previous_step_success": '  # the token after this one is the verdict
PLAN = '</think><answer>{"execution_plan": [{"step_number": '  # what is before this one is a plan's outline

SIDES = (" top", " left", " middle", " right")  # the words of the six slots

Mixture = Mapping[language.Role, float]


@dataclass(frozen=True)
class Row:
    ids: list[int]
    reply: int  # tokens at the end that are to be learned
    scenes: tuple[Scene | None, ...]


@dataclass(frozen=True)
class Batch:
    """``weights_BT`` is 0 where nothing is to be learned; ``pictures_NHWC`` in the order of their places in the rows."""

    ids_BT: np.ndarray
    weights_BT: np.ndarray
    pictures_NHWC: np.ndarray


class Encoder:
    """Turns examples into rows, as the processor of one bundle would."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: Any = load_processor(folder).tokenizer
        self.pad: int = self.tokenizer.pad_token_id
        self.image: int = self.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        self.verdict: int = self.tokenizer.convert_tokens_to_ids(VERDICT)
        self.plan: int = self.tokenizer.convert_tokens_to_ids(PLAN)
        self.question, self.yes, self.no, self.pictures = (
            self.tokenizer.encode(word, add_special_tokens=False)[-1] for word in ("?", " yes", " no", " pictures")
        )
        self.sides = [self.tokenizer.encode(word, add_special_tokens=False)[-1] for word in SIDES]

    def row(self, example: language.Example) -> Row:
        prompt = self.tokenizer.apply_chat_template(example.messages, add_generation_prompt=True, tokenize=False)
        ids: list[int] = []
        for token in self.tokenizer.encode(prompt, add_special_tokens=False):
            ids.extend([token] * TOKENS if token == self.image else [token])
        reply = [*self.tokenizer.encode(example.completion, add_special_tokens=False), self.tokenizer.eos_token_id]
        return Row(ids + reply, len(reply), example.scenes)

    def weights(self, reply: np.ndarray) -> np.ndarray:
        """What each token of a reply weighs in the loss: more where a critic compares and judges, or a planner decides."""
        weights = np.ones(len(reply), dtype=np.float32)
        if len(judged := np.flatnonzero(reply == self.verdict)):
            weights[judged[0] + 1] = VERDICT_WEIGHT
            thought, own = reply[: judged[0]], weights[: judged[0]]
            for place in np.flatnonzero(thought == self.question):
                own[[place - 1, place + 1]] = COMPARED_WEIGHT
            own[thought == self.yes] = YES_WEIGHT
            own[thought == self.no] = NO_WEIGHT
        elif len(told := np.flatnonzero(reply == self.plan)):
            weights[np.isin(reply, self.sides)] = PLACE_WEIGHT
            outline, own = reply[: told[0]], weights[: told[0]]
            own[:] = OUTLINE_WEIGHT
            own[np.flatnonzero(outline == self.pictures)[:1] - 1] = LENGTH_WEIGHT
        return weights

    def batch(self, rows: list[Row]) -> Batch:
        length = max(len(row.ids) for row in rows)
        ids = np.full((len(rows), length), self.pad, dtype=np.int64)
        weights = np.zeros((len(rows), length), dtype=np.float32)
        for number, row in enumerate(rows):
            ids[number, : len(row.ids)] = row.ids
            weights[number, len(row.ids) - row.reply : len(row.ids)] = self.weights(np.array(row.ids[-row.reply :]))
        return Batch(ids, weights, draw(scene for row in rows for scene in row.scenes))


def make_block(encoder: Encoder, mixture: Mixture, seed: int, number: int, size: int) -> list[Batch]:
    """``BLOCK`` batches, the same for the same seed and number. Rows of like length share a batch."""
    rng = Random(f"{seed} {number}")
    roles = rng.choices(list(mixture), list(mixture.values()), k=BLOCK * size)
    rows = [
        encoder.row(example)
        for role in mixture
        for example in islice(language.examples(role, rng.getrandbits(62)), roles.count(role))
    ]
    rng.shuffle(rows)
    rows.sort(key=lambda row: (len(row.ids) + 40 * len(row.scenes)) // 8)
    groups = [rows[start : start + size] for start in range(0, len(rows), size)]
    rng.shuffle(groups)
    return [encoder.batch(group) for group in groups]


def stream(folder: Path, mixture: Mixture, seed: int, size: int, first_step: int) -> Iterator[Batch]:
    """Endless batches from ``first_step`` on. The next block is made in another process while this one is used."""
    number, skipped = divmod(first_step, BLOCK)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_open, initargs=(folder,)) as pool:

        def ask(number: int) -> Future[list[Batch]]:
            return pool.submit(_block, mixture, seed, number, size)

        coming = ask(number)
        try:
            while True:
                block, number = coming.result(), number + 1
                coming = ask(number)
                yield from block[skipped:]
                skipped = 0
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_encoder: list[Encoder] = []  # of the helper process


def _open(folder: Path) -> None:
    import torch

    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's to answer
    torch.set_num_threads(1)
    _encoder.append(Encoder(folder))


def _end_with_parent() -> None:
    # A trainer that is killed outright can't close its pool.
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _block(mixture: Mixture, seed: int, number: int, size: int) -> list[Batch]:
    return make_block(_encoder[0], mixture, seed, number, size)
