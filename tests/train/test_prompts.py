"""Requests to collect: all subjects alike, none twice, the same for the same seed; and shards that share none of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.train.test_collect import TERMS
from train.cli import app
from train.collect import Prompt, Shard, read_prompts, story_id_of
from train.prompts import Asked, pocket_requests, requests, vocabulary

SUBJECTS, BANKS = vocabulary()


def some(count: int, seed: int = 0) -> list[Asked]:
    return list(islice(requests(seed), count))


def test_there_are_eight_domains_and_at_least_seventy_subjects() -> None:
    assert len({subject.domain for subject in SUBJECTS}) == 8
    assert len({(subject.domain, subject.name) for subject in SUBJECTS}) == len(SUBJECTS) >= 70


def test_every_slot_has_a_bank_and_every_bank_is_used() -> None:
    slots = {slot for subject in SUBJECTS for text in subject.phrases for slot in re.findall(r"\{(\w+)\}", text)}
    assert slots == set(BANKS)
    assert all("{it}" in ask for subject in SUBJECTS for ask in subject.asks)


def test_subjects_come_equally_often_and_no_request_twice() -> None:
    asked = some(10 * len(SUBJECTS))
    assert set(Counter((one.domain, one.subject) for one in asked).values()) == {10}
    assert len({one.text for one in asked}) == len({one.id for one in asked}) == len(asked)
    assert {one.domain for one in asked[:8]} == {subject.domain for subject in SUBJECTS}


def test_a_longer_list_begins_with_the_shorter_one_and_another_seed_asks_otherwise() -> None:
    assert some(300)[:100] == some(100)
    assert some(100, seed=1) != some(100)


def test_requests_are_whole_sentences_of_plain_words() -> None:
    for one in some(2000):
        assert not re.search(r"[{}]|  |\ba [aeio]\w|\ban [^aeio]", one.text), one.text
        assert one.text[0].isupper()


def test_there_are_as_many_requests_as_the_method_had() -> None:
    assert len(some(40_000)) == 40_000


def test_pocket_requests_are_for_the_pocket_world_and_differ() -> None:
    asked = list(islice(pocket_requests(3), 200))
    assert len({one.text for one in asked}) == 200
    assert asked[:50] == list(islice(pocket_requests(3), 50))


@pytest.mark.parametrize("options", [(), ("--pocket",)])
def test_what_is_built_can_be_collected(tmp_path: Path, options: tuple[str, ...]) -> None:
    file = tmp_path / "prompts.jsonl"
    done = CliRunner().invoke(app, ["prompts", "build", "--out", str(file), "--count", "90", *options])
    assert done.exit_code == 0
    complaints: list[int] = []
    prompts = read_prompts(file, lambda line, why: complaints.append(line))
    assert (len(prompts), complaints) == (90, [])
    assert json.loads(done.stdout.splitlines()[-1])["prompts"] == 90


def test_a_dry_run_shows_some_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    done = CliRunner().invoke(app, ["prompts", "build", "--out", str(file), "--dry-run"])
    assert (done.exit_code, len(done.stdout.splitlines()), file.exists()) == (0, 10, False)


# ---------------------------------------------------------------- shards


@given(st.integers(0, 40), st.integers(1, 9))
def test_shards_share_no_prompt_and_together_have_all(count: int, of: int) -> None:
    prompts = [Prompt(line, f"p{line}", f"Story {line}") for line in range(count)]
    parts = [Shard(number, of).part(prompts) for number in range(1, of + 1)]
    assert sorted((one for part in parts for one in part), key=lambda one: one.line) == prompts
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    ids = {story_id_of(prompt, TERMS) for part in parts for prompt in part}
    assert ids == {story_id_of(prompt, TERMS) for prompt in prompts}


@pytest.mark.parametrize("text", ["", "3", "0/2", "3/2", "1/0", "-1/2", "a/b", "1/2/3"])
def test_what_names_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a shard is like 2/8"):
        Shard.parse(text)
