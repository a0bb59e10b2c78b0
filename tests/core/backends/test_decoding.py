"""Tokens become text without a broken character, and seeded greedy decoding is honest sampling."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch

from core.backends.decoding import SeededNoise, StopWhen, VerdictWatch, boolean_tokens
from core.backends.writing import UNFINISHED, BatchStreamer, RowText
from tests.core.backends.tiny_vlm import tiny_vlm

TOKENIZER = tiny_vlm(["A small cat meets a lion. true false"] * 3).processor.tokenizer
EOS = TOKENIZER.eos_token_id


@pytest.mark.parametrize("text", ["A small cat.", "Ein Löwe 🎈 über 漢字 👩‍👩‍👧 fin", " leading", "", "\n\n\ttabs"])
def test_the_pieces_join_to_the_text_and_none_ends_inside_a_character(text: str) -> None:
    tokens = TOKENIZER.encode(text, add_special_tokens=False)
    row = RowText(TOKENIZER)
    pieces = [row.add(token) for token in tokens] + [row.end(itself=True)]
    assert "".join(pieces) == row.text == text
    assert not any(UNFINISHED in piece for piece in pieces)
    assert row.ends == sorted(row.ends)
    assert len(row.ends) == len(tokens)


def test_a_character_cut_off_by_a_bound_is_shown_as_unfinished() -> None:
    row = RowText(TOKENIZER)
    for token in TOKENIZER.encode("Hi 🎈", add_special_tokens=False)[:-1]:
        row.add(token)
    assert row.text == "Hi "
    assert row.end(itself=False) == UNFINISHED
    assert not row.ended


def test_bytes_that_never_become_a_character_do_not_hold_the_stream_up() -> None:
    [byte] = TOKENIZER.encode("é", add_special_tokens=False)[:1]  # the first byte of a two-byte character
    row = RowText(TOKENIZER)
    shown = [row.add(byte) for _ in range(50)]
    assert any(shown)
    assert len(row.text) + len(row.end(itself=False)) >= 50


def test_special_tokens_are_no_text() -> None:
    row = RowText(TOKENIZER)
    for token in TOKENIZER.encode("a<|vision_start|>cat"):
        row.add(token)
    row.end(itself=True)
    assert row.text == "acat"


def test_a_row_that_ended_says_nothing_more_while_the_others_go_on() -> None:
    said: list[tuple[int, str]] = []
    streamer = BatchStreamer(TOKENIZER, 2, {EOS}, lambda row, piece: said.append((row, piece)))
    [a], [cat] = TOKENIZER.encode("a"), TOKENIZER.encode(" cat")
    for tokens in ([[5, 5], [6, 6]], [a, a], [EOS, cat], [cat, cat], [cat, EOS]):  # the first are the prompts
        streamer.put(torch.tensor(tokens))
    streamer.end()
    assert [row.text for row in streamer.rows] == ["a", "a cat cat"]
    assert [row.ended for row in streamer.rows] == [True, True]
    assert "".join(piece for row, piece in said if row == 0) == "a"


def test_the_noise_makes_the_greatest_an_exact_sample() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, float("-inf")])
    draws = 4000
    noisy = SeededNoise(list(range(draws)), torch.device("cpu"))(torch.empty(0), logits.expand(draws, -1).clone())
    seen = torch.bincount(noisy.argmax(-1), minlength=5) / draws
    expected = logits.softmax(-1)
    deviation = (expected * (1 - expected) / draws).sqrt()
    assert ((seen - expected).abs() <= 4 * deviation).all()
    assert seen[4] == 0  # an excluded token stays excluded


def test_a_rows_noise_is_its_seeds_alone() -> None:
    together, alone = SeededNoise([3, 7], torch.device("cpu")), SeededNoise([7], torch.device("cpu"))
    for _ in range(3):
        rows = together(torch.empty(0), torch.zeros(2, 50))
        assert torch.equal(rows[1], alone(torch.empty(0), torch.zeros(1, 50))[0])
        assert not torch.equal(rows[0], rows[1])


def test_noise_drawn_ahead_is_what_comes() -> None:
    ahead, step = SeededNoise([3, 7], torch.device("cpu")), SeededNoise([3, 7], torch.device("cpu"))
    steps = torch.stack([step(torch.empty(0), torch.zeros(2, 50)) for _ in range(5)], 1)
    assert torch.equal(ahead.ahead(torch.zeros(2, 2, 50)), steps[:, :2])
    ahead.passed(1)
    assert torch.equal(ahead.ahead(torch.zeros(2, 3, 50)), steps[:, 1:4])


def test_only_a_token_that_begins_a_boolean_has_a_probability_of_true() -> None:
    [true], [other] = TOKENIZER.encode(" true"), TOKENIZER.encode("A")
    watch = VerdictWatch(boolean_tokens(TOKENIZER), torch.device("cpu"))
    watch(torch.empty(0), torch.zeros(1, len(TOKENIZER)))
    watch(torch.empty(0), torch.zeros(1, len(TOKENIZER)))
    assert [probability is None for probability in watch.p_true(0, [other, true])] == [True, False]


def test_booleans_are_found_however_a_vocabulary_cuts_them() -> None:
    def spelled(tokenizer: Any) -> tuple[set[str], set[str]]:
        true, false = boolean_tokens(tokenizer)
        return {tokenizer.decode(token) for token in true}, {tokenizer.decode(token) for token in false}

    letters = tiny_vlm().processor.tokenizer  # has no words, only bytes
    assert spelled(letters) == ({"t", "T"}, {"f", "F"})  # and not the space that both may begin with
    schema = tiny_vlm(["is true or false, says trueness"] * 5).processor.tokenizer
    schema.add_tokens(['true, "refine_prompt": "', 'false, "refine_prompt": "'])
    true, false = spelled(schema)
    assert {" true", 'true, "refine_prompt": "'} <= true
    assert {" false", 'false, "refine_prompt": "'} <= false
    assert " trueness" not in true


@pytest.mark.parametrize(("given_up", "seconds", "stops"), [(False, 60, False), (True, 60, True), (False, -1, True)])
def test_a_call_that_says_nothing_can_be_stopped_too(given_up: bool, seconds: float, stops: bool) -> None:
    stop = StopWhen(lambda: given_up, time.monotonic() + seconds)
    assert stop(torch.zeros(3, 5), None).tolist() == [stops] * 3
