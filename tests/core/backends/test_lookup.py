"""Prompt lookup says what plain decoding says, in fewer steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.backends.checkpoint import Checkpoint
from core.backends.decoding import Choice, StopWhen, VerdictWatch
from core.backends.lookup import GUESSED, Habits, Lookup
from core.backends.vlm import Loop, Reply, Vlm, load_vlm
from core.backends.writing import BatchStreamer
from core.dialect import Message, Pack, critic_messages, load_pack, planner_messages
from core.pocket.render import render
from core.pocket.world import parse_program
from core.ports import TextDelta
from tests.core.backends.streams import drain
from tests.core.backends.tiny_vlm import tiny_vlm

PACK = Pack(name="test", planner="{{images}}{{request}}", critic="<image><image>{{prompt}} / {{current}}", painter="{{prompt}}")
RED, BLUE = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue"))


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Vlm:
    """Random weights: long replies of any bytes."""
    folder = tiny_vlm(["Draw a small cat. true false"] * 3).save(tmp_path_factory.mktemp("wild"))
    return load_vlm(str(folder), max_new_tokens=40)


def by(vlm: Vlm, loop: Loop, temperature: float, prompts: list[str], seeds: list[int]) -> tuple[list[Any], list[Reply]]:
    """What streams, and the replies to critics' prompts."""
    vlm = replace(vlm, decoding=replace(vlm.decoding, loop=loop, temperature=temperature))
    asked: list[list[Message]] = [critic_messages(PACK, prompt, prompt) for prompt in prompts]
    deltas, said = drain(vlm.generate(asked, [[RED, BLUE]] * len(prompts), seeds))
    assert all(isinstance(reply, Reply) for reply in said)
    return deltas, said  # type: ignore[return-value]


def assert_alike(ones: list[Reply], others: list[Reply]) -> None:
    """The same but for float noise in probabilities."""
    for one, other in zip(ones, others, strict=True):
        assert replace(one, p_trues=()) == replace(other, p_trues=())
        assert [p is None for p in one.p_trues] == [p is None for p in other.p_trues]
        known = [[p for p in reply.p_trues if p is not None] for reply in (one, other)]
        assert known[0] == pytest.approx(known[1], abs=1e-4)


@contextmanager
def counted(vlm: Vlm) -> Iterator[list[None]]:
    """Grows by one with each step that the model computes."""
    steps: list[None] = []
    hook = vlm.checkpoint.model.register_forward_hook(lambda *_: steps.append(None))
    yield steps
    hook.remove()


# ---------------------------------------------------------------- guessing


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(0, 10), st.integers(0, 40))
def test_a_guess_is_what_came_after_such_an_ending(tokens: list[int], most: int, first: int) -> None:
    habits = Habits()
    habits.learn(tokens[:first], first)
    habits.learn(tokens, len(tokens) - first)
    guess = habits.guess(tokens, most)
    assert len(guess) <= most
    said = list(tokens)
    for token in guess:
        assert any(said[-1] == one and token == other for one, other in pairwise(tokens))
        said.append(token)


def test_what_always_came_after_something_is_guessed_and_what_did_not_is_not() -> None:
    habits = Habits()
    habits.learn([1, 2, 3, 4, 5, 9] * 3, 18)
    assert habits.guess([7, 8, 1], 3) == [2, 3, 4]
    habits.learn([6, 7, 6, 8, 6, 9], 6)
    assert habits.guess([0, 6], 3) == []


def test_habits_change_with_what_is_said() -> None:
    habits = Habits()
    habits.learn([1, 2, 3, 4, 5], 5)
    assert habits.guess([1, 2, 3, 4], 1) == [5]
    habits.learn([1, 2, 3, 4, 6], 5)
    assert habits.guess([1, 2, 3, 4], 1) == [6]


# ---------------------------------------------------------------- equality


@settings(max_examples=5, deadline=None)
@given(
    prompts=st.lists(st.text("Draw a smal ct.", min_size=1, max_size=40), min_size=1, max_size=2),
    temperature=st.sampled_from([0.0, 0.3, 1.5]),
    seed=st.integers(0, 2**31 - 1),
)
def test_lookup_says_what_plain_decoding_says(wild: Vlm, prompts: list[str], temperature: float, seed: int) -> None:
    for number, prompt in enumerate(prompts):  # the second with the habits of the first
        _, plain = by(wild, "plain", temperature, [prompt], [seed + number])
        deltas, said = by(wild, "lookup", temperature, [prompt], [seed + number])
        assert_alike(said, plain)
        assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == said[0].text


def test_rows_of_a_batch_are_not_guessed(wild: Vlm) -> None:
    with counted(wild) as steps:
        _, said = by(wild, "lookup", 0.0, ["Draw a cat.", "a small cat"], [0, 0])
    assert len(steps) == 40
    _, plain = by(wild, "plain", 0.0, ["Draw a cat.", "a small cat"], [0, 0])
    assert_alike(said, plain)


def test_a_reply_that_repeats_itself_takes_fewer_steps(wild: Vlm) -> None:
    long = replace(wild, decoding=replace(wild.decoding, max_new_tokens=200))  # greedy and random weights: it soon goes round
    with counted(long) as steps:
        _, [reply] = by(long, "lookup", 0.0, ["Draw a cat."], [0])
    assert len(reply.token_ids) == 200
    assert 200 / (1 + GUESSED) <= len(steps) < 100


def test_a_reply_ends_where_it_ends_though_more_was_guessed(wild: Vlm) -> None:
    _, [free] = by(wild, "plain", 0.0, ["Draw a cat."], [0])
    model = wild.checkpoint.model
    by(wild, "lookup", 0.0, ["Draw a cat."], [0])  # what comes after the end is a habit
    ending = Checkpoint(model, wild.checkpoint.processor, "ending")
    ending.eos, ending.habits = {free.token_ids[30]}, wild.checkpoint.habits
    _, [said] = by(replace(wild, checkpoint=ending), "lookup", 0.0, ["Draw a cat."], [0])
    assert said.ended
    assert said.token_ids == free.token_ids[: free.token_ids.index(free.token_ids[30])]


BEACH, NIGHT = (f"beach 2 {time} clear; top right: one big red balloon; left: one medium orange cat" for time in ("day", "night"))
PACKED = load_pack(Path("assets/prompts/pocket"))


def test_the_pocket_critic_and_planner_say_the_same_in_fewer_steps() -> None:
    before, after = (render(parse_program(program), 96) for program in (BEACH, NIGHT))
    dusk = "Evening falls. The orange cat and the red balloon stay as they are."
    asked: dict[str, tuple[list[Message], list[Image.Image]]] = {
        "critic": (critic_messages(PACKED, dusk, dusk), [before, after]),
        "planner": (planner_messages(PACKED, "A cat finds a red balloon at the beach, in three pictures.", 0), []),
    }
    for role, (messages, pictures) in asked.items():
        vlm = load_vlm(f"assets/pocket/{role}", temperature=0.3, max_new_tokens=70)
        drain(vlm.generate([messages], [pictures], [6]))  # a first reply, from which it gets habits
        found: dict[Loop, Reply] = {}
        steps: dict[Loop, int] = {}
        for loop in ("plain", "lookup"):
            with counted(vlm) as counting:
                way = replace(vlm, decoding=replace(vlm.decoding, loop=loop))
                _, [found[loop]] = drain(way.generate([messages], [pictures], [7]))
            steps[loop] = len(counting)
        assert_alike([found["lookup"]], [found["plain"]])
        assert steps["lookup"] < 0.8 * steps["plain"], role


def test_what_cannot_be_read_ahead_is_decoded_by_the_library(wild: Vlm) -> None:
    """Memory of a fixed size has nothing that could be forgotten again."""
    checkpoint = wild.checkpoint
    _, [plain] = by(wild, "plain", 1.0, ["Draw a cat."], [5])
    batch = checkpoint.encode([critic_messages(PACK, "Draw a cat.", "Draw a cat.")], [[RED, BLUE]])
    streamer = BatchStreamer(checkpoint.tokenizer, 1, checkpoint.eos, lambda row, piece: None)
    watch = VerdictWatch(checkpoint.booleans, checkpoint.device)
    choice = Choice(replace(wild.decoding, temperature=1.0), [5], watch, checkpoint.device)
    checkpoint.model.generate(
        **batch,
        max_new_tokens=40,
        do_sample=False,
        cache_implementation="static",
        streamer=streamer,
        logits_processor=choice.processors,
        custom_generate=Lookup(checkpoint.habits, choice, streamer, StopWhen(lambda: False, float("inf"))),
    )
    assert tuple(streamer.rows[0].tokens) == plain.token_ids
