"""Training goes on where it was cut, with the same batches, and ends at the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.dialect import plan_reply
from core.pocket.world import SLOTS, parse_program
from core.types import Plan, PlannedStep
from train.pocket.batches import Encoder, make_block
from train.pocket.evaluate import Share
from train.pocket.model import learn_tokenizer, make_processor
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
    Stage,
)
from train.pocket.trainer import Loss, finished, fit, last_weights, load_weights, rate_at
from train.pocket.warmup import KIND_NAMES, Heads, sight

STAGE = Stage("a test", steps=20, batch=4, rate=0.05, climb=3, keep_every=5)


def line() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))


def numbers(first_step: int) -> Iterator[torch.Tensor]:
    step = first_step
    while True:
        yield torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
        step += 1


def learn(model: nn.Module, folder: Path, cut_at: int | None = None) -> None:
    seen = 0

    def loss_of(x: torch.Tensor) -> Loss:
        nonlocal seen
        seen += 1
        if seen == cut_at:
            raise KeyboardInterrupt
        return (model(x) - x.sum(1, keepdim=True)).square().mean(), {}

    fit(STAGE, model, numbers, loss_of, folder)


def test_a_run_that_was_cut_ends_at_the_same_weights(tmp_path: Path) -> None:
    whole, cut = line(), line()
    learn(whole, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        learn(cut, tmp_path / "cut", cut_at=13)
    assert not finished(STAGE, tmp_path / "cut")
    fresh = line()
    learn(fresh, tmp_path / "cut")
    assert finished(STAGE, tmp_path / "cut")
    for one, other in zip(whole.parameters(), fresh.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    learn(line(), tmp_path)
    before = last_weights(tmp_path).read_bytes()
    learn(line(), tmp_path, cut_at=1)
    assert last_weights(tmp_path).read_bytes() == before


def test_only_the_last_checkpoint_is_kept(tmp_path: Path) -> None:
    learn(line(), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model-20.safetensors", "optimizer-20.safetensors", "state.json"]


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    learn(line(), tmp_path)
    with pytest.raises(ValueError, match="another model"):
        load_weights(nn.Sequential(nn.Linear(3, 8)), last_weights(tmp_path))


def test_the_rate_climbs_holds_and_falls() -> None:
    stage = Stage("a test", steps=100, batch=1, rate=1.0, climb=10, fall=0.5)
    rates = [rate_at(stage, step) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:51] == [1.0] * 41
    assert rates[51:] == sorted(rates[51:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)


def test_a_stage_that_does_not_fall_ends_at_its_full_rate() -> None:
    assert rate_at(Stage("a test", steps=100, batch=1, rate=1.0, fall=0.0), 99) == 1.0


def test_learning_lowers_the_loss(tmp_path: Path) -> None:
    model = line()
    x = next(numbers(1000))
    before = (model(x) - x.sum(1, keepdim=True)).square().mean().item()
    learn(model, tmp_path)
    assert (model(x) - x.sum(1, keepdim=True)).square().mean().item() < before / 2


LINES = ["A story in 5 pictures: a cat on the left, top right, in the middle, on the right."]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    from core.backends.qwen_processor import save_processor

    folder = tmp_path_factory.mktemp("words")
    texts = ["Left: one? big no, red? red yes.", "balloon", "true", "false", *LINES]
    save_processor(make_processor(learn_tokenizer(texts * 9, pieces=360)), folder)
    return Encoder(folder)


def test_a_block_is_the_same_each_time_and_each_block_is_another(encoder: Encoder) -> None:
    mixture = {"painter": 0.5, "describe": 0.5}
    first, again, other = (make_block(encoder, mixture, 7, number, 2) for number in (0, 0, 1))  # type: ignore[arg-type]
    assert len(first) == BLOCK
    assert all(
        (a.ids_BT == b.ids_BT).all() and (a.pictures_NHWC == b.pictures_NHWC).all() for a, b in zip(first, again, strict=True)
    )
    assert any(a.ids_BT.shape != b.ids_BT.shape or (a.ids_BT != b.ids_BT).any() for a, b in zip(first, other, strict=True))


def test_where_a_critic_compares_and_judges_weighs_more(encoder: Encoder) -> None:
    reply = (
        '<think>Left: one? big no, red? red yes.</think><answer>{"previous_step_success": false, "refine_prompt": "no"}</answer>'
    )
    ids = encoder.tokenizer.encode(reply, add_special_tokens=False)
    said = {
        encoder.tokenizer.decode([token]).strip(): weight
        for token, weight in zip(ids, encoder.weights(np.array(ids)), strict=True)
    }
    words = ("Left", "one", "big", "red", "yes", "false")
    assert [said[word] for word in words] == [1.0, COMPARED_WEIGHT, COMPARED_WEIGHT, COMPARED_WEIGHT, YES_WEIGHT, VERDICT_WEIGHT]
    weights = [weight for token, weight in zip(ids, encoder.weights(np.array(ids)), strict=True) if token == encoder.no]
    assert weights == [NO_WEIGHT]  # the one of the thought; the prompt's is another piece


def test_where_a_planner_decides_weighs_more(encoder: Encoder) -> None:
    plan = Plan(steps=(PlannedStep(title="On the left", prompt="A cat on the left."),), thought="A story in 5 pictures: a cat.")
    ids = encoder.tokenizer.encode(plan_reply(plan), add_special_tokens=False)
    weights = dict(zip(ids, encoder.weights(np.array(ids)).tolist(), strict=True))
    heavy = {encoder.tokenizer.decode([token]) for token, weight in weights.items() if weight == LENGTH_WEIGHT}
    assert heavy == {" 5"}
    assert weights[encoder.tokenizer.convert_tokens_to_ids("<think>")] == OUTLINE_WEIGHT
    assert weights[encoder.sides[1]] == PLACE_WEIGHT
    assert weights[ids[-1]] == 1.0


def test_other_replies_weigh_the_same_everywhere(encoder: Encoder) -> None:
    batch = make_block(encoder, {"painter": 1.0}, 7, 0, 2)[0]
    assert set(batch.weights_BT.flatten().tolist()) <= {0.0, 1.0}


def test_each_slot_is_read_from_the_tokens_that_lie_on_it() -> None:
    heads = Heads(width=4, outputs=1)
    nn.init.eye_(heads.token.weight)
    tokens = torch.zeros(1, TOKENS, 4)
    tokens[0, 3 * 6 + 4] = 100.0  # fourth row, fifth column: on the ground, to the right
    _, plain = heads(torch.zeros(1, TOKENS, 4))
    _, slots = heads(tokens)
    changed = [name for number, name in enumerate(SLOTS) if not torch.equal(slots[0, number], plain[0, number])]
    assert changed == ["right"]


def test_a_sight_names_what_is_in_each_slot() -> None:
    scene = parse_program("town 3 night snow; top left: two small yellow star; right: one big white snowman")
    answers = sight([scene]).slots_NSA[0]
    assert answers[SLOTS.index("right"), 0] == 1 + KIND_NAMES.index("snowman")
    assert answers[SLOTS.index("left")].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("right", "of"), [(0, 10), (10, 10), (5, 10), (0, 0)])
def test_an_interval_holds_its_share_and_stays_a_share(right: int, of: int) -> None:
    share = Share(right, of)
    low, high = share.interval
    assert 0.0 <= low <= share.value <= high <= 1.0
