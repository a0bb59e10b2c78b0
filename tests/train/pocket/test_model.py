"""A pocket model is an ordinary Qwen3-VL checkpoint whose tokenizer writes any text, and trains fast by the same arithmetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.backends.checkpoint import load_checkpoint
from core.backends.qwen_processor import load_processor
from core.backends.vlm import Vlm, load_vlm
from core.dialect import painter_messages, plan_reply, verdict_reply
from core.pocket.render import render
from core.pocket.world import parse_program
from core.types import Plan, PlannedStep, Verdict
from train.pocket.examples import pack
from train.pocket.model import SCHEMA, inherit, learn_tokenizer, make_model, make_processor, quicken, save_bundle
from train.pocket.pictures import draw, grids, patches
from train.pocket.recipe import SIDE, TOKENS, Size
from train.pocket.trainer import reply_loss

SMALL = Size(
    text_layers=2,
    text_width=64,
    text_heads=2,
    text_groups=1,
    text_inner=96,
    vision_layers=2,
    vision_width=32,
    vision_heads=2,
    vision_inner=64,
    deepstack=(0,),
)
SCENE = parse_program("beach 2 day clear; top right: one big red balloon; left: one medium orange cat")
TEXTS = ["A red balloon at the top right. Keep the orange cat.", SCENE.program(), "true", "false", "yes no"] * 20


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return learn_tokenizer(TEXTS, pieces=460)


@pytest.fixture(scope="module")
def bundle(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    save_bundle(make_model(tokenizer, SMALL, 0), make_processor(tokenizer), folder, temperature=0.7)
    return folder


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_survives_the_tokenizer(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False), clean_up_tokenization_spaces=False) == text


def test_what_every_reply_repeats_is_one_piece_and_stays_in_the_text(tokenizer: Any) -> None:
    plan = Plan(steps=(PlannedStep(title="One", instruction="Two", prompt="Three", caption="Four"),) * 2, thought="So.")
    for reply in (plan_reply(plan), verdict_reply(Verdict(accepted=True), "p"), SCENE.program()):
        ids = tokenizer.encode(reply, add_special_tokens=False)
        assert tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False) == reply
        assert {piece for piece in SCHEMA if piece in reply} <= set(tokenizer.convert_ids_to_tokens(ids))


def test_a_verdict_is_one_piece_after_the_schema(tokenizer: Any) -> None:
    pieces = tokenizer.tokenize(verdict_reply(Verdict(accepted=False, refined_prompt="x"), "p"))
    assert pieces[pieces.index('</think><answer>{"previous_step_success": ') + 1] == "false"


def test_a_bundle_loads_as_the_studio_loads_it_and_stays_the_same_model(bundle: Path, tokenizer: Any) -> None:
    checkpoint = load_checkpoint(str(bundle))
    assert checkpoint.model.dtype == torch.float32
    ids = torch.tensor([tokenizer.encode("A red balloon.")])
    with torch.no_grad():
        loaded, made = checkpoint.model(input_ids=ids).logits, make_model(tokenizer, SMALL, 0).eval()(input_ids=ids).logits
    torch.testing.assert_close(loaded, made, atol=0.02, rtol=0.1)  # bfloat16 on disk


def test_a_bundle_names_the_librarys_own_classes(bundle: Path) -> None:
    for name in ("processor_config.json", "tokenizer_config.json"):
        assert json.loads((bundle / name).read_text())["processor_class"] == "Qwen3VLProcessor"
    assert json.loads((bundle / "config.json").read_text())["architectures"] == ["Qwen3VLForConditionalGeneration"]


def test_a_bundle_says_at_what_temperature_its_replies_are_sampled(bundle: Path) -> None:
    assert load_vlm(str(bundle)).decoding.temperature == pytest.approx(0.7)


def test_the_trainers_patches_are_the_processors(bundle: Path) -> None:
    processor = load_processor(bundle)
    seen = processor.image_processor([render(SCENE, SIDE)], return_tensors="pt")
    torch.testing.assert_close(patches(draw([SCENE])), seen["pixel_values"], atol=1e-6, rtol=0)
    assert torch.equal(seen["image_grid_thw"], grids(1))


def test_a_picture_of_any_size_is_as_many_tokens(bundle: Path) -> None:
    checkpoint = load_checkpoint(str(bundle))
    picture = render(SCENE, 384)
    batch = checkpoint.encode([painter_messages(pack(), "Draw.", True)], [[picture]])
    assert int((batch["input_ids"] == checkpoint.model.config.image_token_id).sum()) == TOKENS


@pytest.fixture
def batch(bundle: Path) -> Any:
    from train.pocket.batches import Encoder
    from train.pocket.examples import Example

    encoder = Encoder(bundle)
    messages = painter_messages(pack(), "A red balloon at the top right.", True)
    long = Example("painter", messages, (SCENE,), SCENE.program())
    short = Example("painter", painter_messages(pack(), "A cat.", False), (), "beach 1 day clear")
    return encoder.batch([encoder.row(long), encoder.row(short)])


def test_a_quickened_model_learns_the_same(tokenizer: Any, batch: Any) -> None:
    """The same loss and the same gradients, but for bfloat16's rounding."""
    losses, gradients = [], []
    for quick in (False, True):
        model = make_model(tokenizer, SMALL, 0)
        if quick:
            quicken(model)
        loss, _ = reply_loss(model, batch)
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.99


def test_rows_are_what_inference_sees(bundle: Path, batch: Any) -> None:
    checkpoint = load_checkpoint(str(bundle))
    asked = checkpoint.encode([painter_messages(pack(), "A red balloon at the top right.", True)], [[render(SCENE, SIDE)]])
    prompt = asked["input_ids"][0].tolist()
    assert batch.ids_BT[0, : len(prompt)].tolist() == prompt
    assert not batch.weights_BT[0, : len(prompt)].any()
    assert batch.weights_BT[0, len(prompt)]


def test_only_the_reply_and_its_end_are_learned(bundle: Path, batch: Any) -> None:
    tokenizer = load_processor(bundle).tokenizer
    for row, reply in enumerate((SCENE.program(), "beach 1 day clear")):
        learned = batch.ids_BT[row][batch.weights_BT[row] > 0]
        assert tokenizer.decode(learned, clean_up_tokenization_spaces=False) == reply + "<|im_end|>"


def test_a_model_of_another_vocabulary_inherits_what_both_know(tokenizer: Any) -> None:
    base = make_model(tokenizer, SMALL, 0)
    larger = learn_tokenizer([*TEXTS, "Once upon a time there was a dragon." * 9], pieces=520)
    heir = make_model(larger, SMALL, 1)
    inherit(heir, larger, base, tokenizer)
    known = larger.get_vocab()[" cat".replace(" ", "Ġ")], tokenizer.get_vocab()["Ġcat"]
    assert torch.equal(heir.get_input_embeddings().weight[known[0]], base.get_input_embeddings().weight[known[1]])
    assert torch.equal(heir.model.visual.blocks[0].mlp.linear_fc1.weight, base.model.visual.blocks[0].mlp.linear_fc1.weight)


def test_a_person_cannot_write_a_control_token(bundle: Path) -> None:
    vlm: Vlm = load_vlm(str(bundle))
    plain = vlm.checkpoint.encode([painter_messages(pack(), "Hi <|im_end|> there", False)], [[]])
    ends = (plain["input_ids"] == vlm.checkpoint.tokenizer.eos_token_id).sum()
    assert int(ends) == 1


def test_a_white_canvas_is_white() -> None:
    assert Image.fromarray(draw([None])[0]).getcolors() == [(SIDE * SIDE, (255, 255, 255))]
