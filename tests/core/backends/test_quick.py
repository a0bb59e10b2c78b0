"""A critic that says its verdict first decides what is sure by one look, and thinks about the rest as ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.backends.quick import QuickCritic, Sure, openings
from core.backends.vlm import Reply, Vlm, VlmCritic, load_vlm
from core.dialect import Message, Pack, critic_messages, judged_first, unthought_verdicts, verdict_reply
from core.errors import AgentError, ReplyError
from core.ports import Delta, JudgeCase, Results, Stream, TextDelta
from core.types import Verdict
from tests.core.backends.streams import drain
from tests.core.backends.tiny_vlm import tiny_vlm

PACK = Pack(name="test", planner="{{images}}{{request}}", critic="<image><image>{{prompt}} / {{current}}", painter="{{prompt}}")
RED, BLUE = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue"))
SURE = Sure(accept=0.9, refine=0.1)
THOUGHT = verdict_reply(Verdict(accepted=False, thought="Too red.", refined_prompt="Bluer."), "Blue.")
SHORT = verdict_reply(Verdict(accepted=False, refined_prompt="Blue!"), "Blue.")


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Vlm:
    """Random weights."""
    folder = tiny_vlm([*unthought_verdicts(), "Draw a small cat."] * 3).save(tmp_path_factory.mktemp("wild"))
    return load_vlm(str(folder), max_new_tokens=24, temperature=0.0)


@dataclass(frozen=True)
class Scripted(Vlm):
    """Of the case with seed n: how probable success is at the first look (None: it says something else there)."""

    p_success: tuple[float | None, ...] = ()
    short: str | AgentError = SHORT
    asked: list[tuple[str, list[int]]] = field(default_factory=list)  # what for, and the seeds

    def generate(
        self, conversations: list[list[Message]], images: list[list[Image.Image]], seeds: list[int], begun: Sequence[int] = ()
    ) -> Stream[Results[Reply]]:
        opening, refusal = openings(self)
        what = {tuple(opening): "look", tuple(refusal): "refine"}.get(tuple(begun), "judge")
        self.asked.append((what, seeds))
        for index in range(len(seeds)):
            yield TextDelta(index=index, text=f"{what} {seeds[index]}")
        match what:
            case "look":
                return [Reply("begun: ", (0,), False, (7,), (self.p_success[seed],)) for seed in seeds]
            case "refine":
                return [self.short if isinstance(self.short, AgentError) else said(self.short) for _ in seeds]
        return [said(THOUGHT) for _ in seeds]


def said(text: str) -> Reply:
    return Reply(text, (0,), True, (len(text),), (0.3,))


def scripted(wild: Vlm, *p_success: float | None, short: str | AgentError = SHORT) -> Scripted:
    return Scripted(wild.checkpoint, wild.decoding, wild.name, None, p_success, short)


def cases(count: int) -> list[JudgeCase]:
    return [JudgeCase(RED, BLUE, "Blue.", "Blue.", seed) for seed in range(count)]


def judged(vlm: Vlm, count: int) -> tuple[list[Delta], list[Any]]:
    return drain(QuickCritic(vlm, PACK, SURE).judge(cases(count)))


# ---------------------------------------------------------------- which way


@given(p_success=st.lists(st.none() | st.sampled_from([0.0, 0.1, 0.9, 1.0]) | st.floats(0, 1), max_size=6))
def test_what_is_sure_is_decided_by_one_look_and_only_the_rest_is_thought_about(wild: Vlm, p_success: list[float | None]) -> None:
    vlm = scripted(wild, *p_success)
    deltas, verdicts = judged(vlm, len(p_success))
    _, full = drain(VlmCritic(vlm, PACK).judge(cases(1)))
    for p, verdict in zip(p_success, verdicts, strict=True):
        if p is not None and p >= 0.9:
            assert (verdict.accepted, verdict.p_success, verdict.thought) == (True, p, "")
        elif p is not None and p <= 0.1:
            assert (verdict.accepted, verdict.p_success, verdict.refined_prompt) == (False, p, "Blue!")
            assert judged_first(verdict.raw)
        else:
            assert verdict == full[0]
            assert not judged_first(verdict.raw)
    refused = [seed for seed, p in enumerate(p_success) if p is not None and p <= 0.1]
    unsure = [seed for seed, p in enumerate(p_success) if p is None or 0.1 < p < 0.9]
    calls = [("look", list(range(len(p_success)))), ("refine", refused), ("judge", unsure)]
    assert vlm.asked[:-1] == [(what, seeds) for what, seeds in calls if seeds]  # the last one was the full critic's own
    shown = [(delta.index, delta.text) for delta in deltas if isinstance(delta, TextDelta) and delta.text]
    assert shown == [(seed, f"{what} {seed}") for what, seeds in calls[1:] for seed in seeds]


@pytest.mark.parametrize("short", ["no verdict at all", ReplyError("It is too long.")])
def test_what_cannot_be_said_in_short_is_thought_about(wild: Vlm, short: str | AgentError) -> None:
    vlm = scripted(wild, 0.0, 1.0, 0.05, short=short)
    _, verdicts = judged(vlm, 3)
    assert [verdict.thought for verdict in verdicts] == ["Too red.", "", "Too red."]
    assert vlm.asked[-1] == ("judge", [0, 2])


def test_a_call_can_be_given_up_at_the_first_look(wild: Vlm) -> None:
    vlm = scripted(wild, 0.5, 0.5)
    stream = QuickCritic(vlm, PACK, SURE).judge(cases(2))
    next(stream)
    stream.close()
    assert [what for what, _ in vlm.asked] == ["look"]


def test_thresholds_that_leave_nothing_between_them_are_refused() -> None:
    for accept, refine in ((0.1, 0.9), (0.5, 0.5), (1.1, 0.0)):
        with pytest.raises(ValueError, match=r"refine must be less|less than or equal to 1"):
            Sure(accept=accept, refine=refine)


# ---------------------------------------------------------------- replies that are begun


def replies(vlm: Vlm, prompts: list[str], begun: Sequence[int] = ()) -> list[Reply]:
    asked = [critic_messages(PACK, prompt, prompt) for prompt in prompts]
    deltas, made = drain(vlm.generate(asked, [[RED, BLUE]] * len(prompts), [0] * len(prompts), begun))
    for index, reply in enumerate(made):
        assert isinstance(reply, Reply)
        assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta) and delta.index == index) == reply.text
    return made  # type: ignore[return-value]


@pytest.mark.parametrize("loop", ["plain", "lookup"])
def test_a_begun_reply_goes_on_as_the_one_that_began_so_by_itself(wild: Vlm, loop: Any) -> None:
    vlm = replace(wild, decoding=replace(wild.decoding, loop=loop))
    [free] = replies(vlm, ["Draw a small cat."])
    rest = replace(vlm, decoding=replace(vlm.decoding, max_new_tokens=24 - 9))
    [alone] = replies(rest, ["Draw a small cat."], free.token_ids[:9])
    assert replace(alone, p_trues=()) == replace(free, p_trues=())
    assert alone.p_trues[:9] == (None,) * 9
    among, _ = replies(rest, ["Draw a small cat.", "A cat."], free.token_ids[:9])
    assert among.token_ids == free.token_ids


def test_a_look_says_how_probable_true_is_where_the_boolean_would_be(wild: Vlm) -> None:
    checkpoint = wild.checkpoint
    begun, refusal = openings(wild)
    assert checkpoint.tokenizer.decode(refusal) == '<think></think><answer>{"previous_step_success": false'
    batch = checkpoint.encode([critic_messages(PACK, "Blue.", "Blue.")], [[RED, BLUE]], begun)
    with torch.no_grad():
        softmax = checkpoint.model(**batch).logits[0, -1].softmax(-1)
    true, false = (softmax[tokens].sum().item() for tokens in checkpoint.booleans)

    def only_booleans(module: Any, given: Any, logits_BTV: torch.Tensor) -> torch.Tensor:
        raised_BTV = logits_BTV.clone()
        raised_BTV[..., [token for tokens in checkpoint.booleans for token in tokens]] += 50
        return raised_BTV

    hook = checkpoint.model.lm_head.register_forward_hook(only_booleans)
    [reply] = replies(replace(wild, decoding=replace(wild.decoding, max_new_tokens=1)), ["Blue."], begun)
    _, [verdict] = drain(QuickCritic(wild, PACK, Sure(accept=1e-6, refine=0.0)).judge(cases(1)))
    hook.remove()
    assert reply.p_trues[-1] == pytest.approx(true / (true + false), abs=1e-4)
    assert (verdict.accepted, verdict.p_success, verdict.raw) == (True, reply.p_trues[-1], reply.text)
