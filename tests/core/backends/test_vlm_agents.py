"""A planner and a critic on a vision-language model that has learned a little: what they make of its replies."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from core.backends.vlm import Decoding, Reply, Vlm, VlmCritic, VlmPlanner, load_vlm
from core.dialect import (
    Message,
    Pack,
    critic_messages,
    load_pack,
    plan_reply,
    planner_messages,
    verdict_offset,
    verdict_reply,
)
from core.errors import ReplyError
from core.ports import JudgeCase, PlanCase
from core.types import Plan, PlannedStep, Verdict
from tests.core.backends.streams import drain
from tests.core.backends.tiny_vlm import teach, tiny_vlm

PACK = Pack(name="test", planner="{{images}}{{request}}", critic="<image><image>{{prompt}} / {{current}}", painter="{{prompt}}")
RED, BLUE, WHITE = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "white"))

PLAN = Plan(
    steps=(PlannedStep(title="A cat", instruction="Look.", prompt="Draw a cat.", caption="Mew!"),), thought="One picture."
)
GOOD = Verdict(accepted=True, thought="It is blue.")
BAD = Verdict(accepted=False, thought="It is red.", refined_prompt="Make it blue, please.")
FIRST = Verdict(accepted=True, thought="A first picture.")
NO_PLAN = "I would rather not."


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Vlm:
    """Has learned one plan, one refusal, and to judge whether the second of two pictures is blue."""
    replies = [plan_reply(PLAN), *(verdict_reply(verdict, "Make it blue.") for verdict in (GOOD, BAD, FIRST)), NO_PLAN]
    tiny = tiny_vlm(replies * 3, vocabulary=600)
    asked = critic_messages(PACK, "Make it blue.", "Make it blue.")
    lessons = [
        (planner_messages(PACK, "A cat.", 0), [], replies[0]),
        (asked, [RED, BLUE], replies[1]),
        (asked, [BLUE, RED], replies[2]),
        (asked, [WHITE, BLUE], replies[3]),
        (planner_messages(PACK, "Nothing.", 0), [], replies[4]),
    ]
    assert teach(tiny, lessons, steps=160) < 0.05
    return load_vlm(str(tiny.save(tmp_path_factory.mktemp("taught"))), max_new_tokens=120)


def replies(vlm: Vlm, asked: list[list[Message]], images: list[list[Image.Image]], seeds: list[int]) -> list[Reply]:
    _, said = drain(vlm.generate(asked, images, seeds))
    assert all(isinstance(reply, Reply) for reply in said)
    return said  # type: ignore[return-value]


def test_a_reply_is_the_tokens_text(taught: Vlm) -> None:
    [reply] = replies(taught, [planner_messages(PACK, "A cat.", 0)], [[]], [0])
    assert reply.text == taught.checkpoint.tokenizer.decode(reply.token_ids) == plan_reply(PLAN)
    assert reply.ended


def test_pictures_keep_their_order(taught: Vlm) -> None:
    asked = critic_messages(PACK, "Make it blue.", "Make it blue.")
    blue_last, red_last = replies(taught, [asked, asked], [[RED, BLUE], [BLUE, RED]], [0, 0])
    assert blue_last.text == verdict_reply(GOOD, "Make it blue.")
    assert red_last.text == verdict_reply(BAD, "Make it blue.")


# ---------------------------------------------------------------- the planner


def plan_cases(*texts: str) -> list[PlanCase]:
    return [PlanCase(text, (), seed) for seed, text in enumerate(texts)]


def test_a_planner_plans(taught: Vlm) -> None:
    _, [plan] = drain(VlmPlanner(taught, PACK).plan(plan_cases("A cat.")))
    assert plan == PLAN.model_copy(update={"raw": plan_reply(PLAN)})


def test_a_reply_without_a_plan_fails_in_its_place(taught: Vlm) -> None:
    _, [before, nothing, after] = drain(VlmPlanner(taught, PACK).plan(plan_cases("A cat.", "Nothing.", "A cat.")))
    assert isinstance(nothing, ReplyError)
    assert before == after == PLAN.model_copy(update={"raw": plan_reply(PLAN)})


def test_a_reply_that_was_cut_off_says_so(taught: Vlm) -> None:
    short = replace(taught, decoding=Decoding(max_new_tokens=5))
    _, [cut] = drain(VlmPlanner(short, PACK).plan(plan_cases("A cat.")))
    assert isinstance(cut, ReplyError)
    assert "cut off after 5 tokens" in str(cut)


def test_an_agents_name_is_its_models(taught: Vlm) -> None:
    assert VlmPlanner(taught, PACK).name == VlmCritic(taught, PACK).name == taught.checkpoint.name


# ---------------------------------------------------------------- the critic


def judge(vlm: Vlm, before: Image.Image | None, after: Image.Image) -> Verdict:
    _, [verdict] = drain(VlmCritic(vlm, PACK).judge([JudgeCase(before, after, "Make it blue.", "Make it blue.", 0)]))
    assert isinstance(verdict, Verdict)
    return verdict


def test_a_critic_judges_by_what_it_sees(taught: Vlm) -> None:
    good, bad = judge(taught, RED, BLUE), judge(taught, BLUE, RED)
    assert (good.accepted, good.thought, good.refined_prompt) == (True, "It is blue.", None)
    assert (bad.accepted, bad.thought, bad.refined_prompt) == (False, "It is red.", "Make it blue, please.")
    assert good.p_success is not None
    assert bad.p_success is not None
    assert bad.p_success < 0.1 < 0.9 < good.p_success


def test_where_there_was_no_picture_a_critic_sees_a_blank_one(taught: Vlm) -> None:
    first = judge(taught, None, BLUE)
    assert first == judge(taught, WHITE, BLUE)
    assert first.thought == "A first picture."


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_p_success_is_the_softmax_at_the_verdicts_token(taught: Vlm, temperature: float) -> None:
    asked = critic_messages(PACK, "Make it blue.", "Make it blue.")
    [reply] = replies(replace(taught, decoding=replace(taught.decoding, temperature=temperature)), [asked], [[RED, BLUE]], [5])
    tokenizer = taught.checkpoint.tokenizer
    place = next(i for i, token in enumerate(reply.token_ids) if tokenizer.decode(token).strip() in {"true", "false"})
    batch = taught.checkpoint.encode([asked], [[RED, BLUE]])
    written = torch.tensor([reply.token_ids[:place]])
    batch["input_ids"] = torch.cat([batch["input_ids"], written], 1)
    batch["attention_mask"] = torch.ones_like(batch["input_ids"])
    batch["mm_token_type_ids"] = torch.cat([batch["mm_token_type_ids"], torch.zeros_like(written)], 1)
    with torch.no_grad():
        softmax = taught.checkpoint.model(**batch).logits[0, -1].softmax(-1)
    true, false = (
        sum(softmax[token].item() for token in {tokenizer.encode(spelling)[0] for spelling in spellings})
        for spellings in ((" true", "true", " True", "True"), (" false", "false", " False", "False"))
    )
    p_true = reply.p_true(verdict_offset(reply.text))
    assert p_true is not None
    assert math.isclose(p_true, true / (true + false), rel_tol=1e-4)


def test_text_without_a_boolean_there_has_no_probability(taught: Vlm) -> None:
    [reply] = replies(taught, [planner_messages(PACK, "Nothing.", 0)], [[]], [0])
    assert reply.p_true(None) is None
    assert reply.p_true(0) is None
    assert reply.p_true(len(reply.text)) is None


def test_the_pocket_pack_asks_for_the_pictures_that_an_agent_gives(taught: Vlm) -> None:
    pack = load_pack(Path("assets/prompts/pocket"))
    cases = [JudgeCase(None, BLUE, "p", "r", 0)]
    _, [verdict] = drain(VlmCritic(replace(taught, decoding=Decoding(max_new_tokens=1)), pack).judge(cases))
    assert isinstance(verdict, ReplyError)
    _, [plan] = drain(
        VlmPlanner(replace(taught, decoding=Decoding(max_new_tokens=1)), pack).plan([PlanCase("p", (RED, BLUE), 0)])
    )
    assert isinstance(plan, ReplyError)
