"""One call of a vision-language model: what it streams, samples and bounds, alone and in a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from core.backends.vlm import Decoding, Reply, Vlm, load_vlm
from core.dialect import Message, Pack, critic_messages, planner_messages
from core.errors import OutOfMemory, ReplyError
from core.ports import TextDelta
from tests.core.backends.streams import drain
from tests.core.backends.tiny_vlm import tiny_vlm

PACK = Pack(name="test", planner="{{images}}{{request}}", critic="<image><image>{{prompt}} / {{current}}", painter="{{prompt}}")
RED, BLUE = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue"))


def words(text: str) -> list[Message]:
    return [{"role": "user", "content": [{"type": "text", "text": text}]}]


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Vlm:
    """Random weights: long replies of any bytes, that never end themselves."""
    folder = tiny_vlm(["Draw a small cat. true false"] * 3).save(tmp_path_factory.mktemp("wild"))
    return load_vlm(str(folder), max_new_tokens=24)


def sampling(vlm: Vlm, temperature: float = 1.0, **bounds: Any) -> Vlm:
    return replace(vlm, decoding=replace(vlm.decoding, temperature=temperature, **bounds))


def replies(vlm: Vlm, asked: list[list[Message]], images: list[list[Image.Image]], seeds: list[int]) -> list[Reply]:
    _, said = drain(vlm.generate(asked, images, seeds))
    assert all(isinstance(reply, Reply) for reply in said)
    return said  # type: ignore[return-value]


@contextmanager
def counted(vlm: Vlm) -> Iterator[list[None]]:
    """Grows by one with each step that the model computes."""
    steps: list[None] = []
    hook = vlm.checkpoint.model.register_forward_hook(lambda *_: steps.append(None))
    yield steps
    hook.remove()


CASES: tuple[list[list[Message]], list[list[Image.Image]]] = (
    [words("Hi."), critic_messages(PACK, "a much longer prompt than the others have", "it"), planner_messages(PACK, "two", 1)],
    [[], [RED, BLUE], [BLUE]],
)

# ---------------------------------------------------------------- streaming and batches


def test_what_streams_is_the_reply(wild: Vlm) -> None:
    deltas, said = drain(wild.generate(*CASES, [1, 2, 3]))
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    for index, reply in enumerate(said):
        assert isinstance(reply, Reply)
        assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta) and delta.index == index) == reply.text
        assert len(reply.token_ids) == 24


def test_text_arrives_while_the_model_still_writes(wild: Vlm) -> None:
    with (
        counted(wild) as steps,
        closing(sampling(wild, temperature=0.0, max_new_tokens=400).generate(*CASES, [0, 0, 0])) as stream,
    ):
        next(stream)
        assert len(steps) < 400


def test_a_batch_gives_each_case_its_own_reply(wild: Vlm) -> None:
    together = replies(wild, *CASES, [1, 2, 3])
    alone = [replies(wild, [messages], [images], [0])[0] for messages, images in zip(*CASES, strict=True)]
    assert [reply.token_ids for reply in together] == [reply.token_ids for reply in alone]


def test_no_cases_give_no_replies(wild: Vlm) -> None:
    assert drain(wild.generate([], [], [])) == ([], [])


# ---------------------------------------------------------------- seeds


def test_a_seed_names_a_reply_alone_and_in_a_batch(wild: Vlm) -> None:
    vlm = sampling(wild)
    together = replies(vlm, *CASES, [1, 2, 3])
    assert together == replies(vlm, *CASES, [1, 2, 3])
    for row, (messages, images) in enumerate(zip(*CASES, strict=True)):
        assert replies(vlm, [messages], [images], [row + 1])[0].token_ids == together[row].token_ids


def test_another_seed_gives_another_reply(wild: Vlm) -> None:
    one, other = replies(sampling(wild), [words("Hi.")] * 2, [[], []], [1, 2])
    assert one.token_ids != other.token_ids


def test_at_temperature_zero_the_seed_changes_nothing(wild: Vlm) -> None:
    one, other = replies(wild, [words("Hi.")] * 2, [[], []], [1, 2])
    assert one == other


def test_the_best_of_one_is_greedy_at_any_temperature(wild: Vlm) -> None:
    [sampled] = replies(sampling(wild, temperature=5.0, top_k=1), [words("Hi.")], [[]], [7])
    assert [sampled] == replies(wild, [words("Hi.")], [[]], [0])


def test_the_checkpoint_says_how_warm_it_is_unless_the_profile_does(tmp_path: Path) -> None:
    tiny = tiny_vlm()
    folder = str(tiny.save(tmp_path))
    assert load_vlm(folder).decoding == Decoding()
    tiny.model.generation_config.update(do_sample=True, temperature=0.3, top_p=0.8, top_k=20, max_new_tokens=99)
    tiny.save(tmp_path)
    assert load_vlm(folder).decoding == Decoding(temperature=0.3, top_p=0.8, top_k=20, max_new_tokens=99)
    assert load_vlm(folder, temperature=0.0, max_new_tokens=7, seconds=5).decoding == Decoding(0.0, 0.8, 20, 7, 5)


# ---------------------------------------------------------------- bounds


def test_a_closed_stream_stops_the_model_and_the_next_call_is_right(wild: Vlm) -> None:
    long = sampling(wild, temperature=0.0, max_new_tokens=400)
    expected = replies(wild, *CASES, [0, 0, 0])
    with counted(wild) as steps:
        stream = long.generate(*CASES, [0, 0, 0])
        next(stream)
        stream.close()
    assert 1 <= len(steps) < 400
    assert replies(wild, *CASES, [0, 0, 0]) == expected


def test_time_bounds_a_call(wild: Vlm) -> None:
    [reply] = replies(sampling(wild, seconds=0.0), [words("Hi.")], [[]], [0])
    assert len(reply.token_ids) == 1
    assert not reply.ended


def test_a_prompt_beyond_the_models_context_fails_alone(wild: Vlm) -> None:
    asked = [words("Hi."), words("Hi. " * 600), words("Ho.")]
    _, [first, too_long, last] = drain(wild.generate(asked, [[], [], []], [0, 0, 0]))
    assert isinstance(too_long, ReplyError)
    assert "at most 512" in str(too_long)
    assert [first, last] == replies(wild, [asked[0], asked[2]], [[], []], [0, 0])


def test_a_reply_ends_where_the_context_does(wild: Vlm) -> None:
    room = sampling(wild, temperature=0.0, max_new_tokens=10_000)
    prompt = room.checkpoint.encode([words("Hi. " * 110)], [[]])["input_ids"].shape[1]
    [reply] = replies(room, [words("Hi. " * 110)], [[]], [0])
    assert len(reply.token_ids) == 512 - prompt
    assert not reply.ended


class SmallMemory:
    """A model on an accelerator that holds ``cells`` rows × columns of prompt; it runs out after a first token."""

    def __init__(self, model: Any, cells: int) -> None:
        self._model = model
        self._cells = cells

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, **call: Any) -> Any:
        if call["input_ids"].numel() > self._cells:
            self._model.generate(**{**call, "max_new_tokens": 3})
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self._model.generate(**call)


@pytest.fixture
def cramped(wild: Vlm, monkeypatch: pytest.MonkeyPatch) -> Vlm:
    monkeypatch.setattr(wild.checkpoint, "model", SmallMemory(wild.checkpoint.model, cells=60))
    return wild


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_no_text_is_shown_twice(cramped: Vlm) -> None:
    asked = [words(f"Hi {number}.") for number in range(5)]
    deltas, said = drain(cramped.generate(asked, [[]] * 5, [0] * 5))
    for index, reply in enumerate(said):
        assert isinstance(reply, Reply)
        assert [reply] == replies(cramped, [asked[index]], [[]], [0])
        assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta) and delta.index == index) == reply.text


def test_a_case_that_does_not_fit_alone_fails_alone(cramped: Vlm) -> None:
    asked = [words("Hi."), words("Hi. " * 60), words("Ho.")]
    _, [first, too_large, last] = drain(cramped.generate(asked, [[], [], []], [0, 0, 0]))
    assert isinstance(too_large, OutOfMemory)
    assert isinstance(first, Reply)
    assert isinstance(last, Reply)
