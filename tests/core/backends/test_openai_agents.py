"""Agents on a server read replies as those in memory do, and P(success) is what a model in memory would compute."""

from __future__ import annotations

import math

import pytest
import torch

from core.backends.vlm import Reply, Vlm, VlmCritic, VlmPlanner, load_vlm
from core.dialect import critic_messages, plan_reply, verdict_offset, verdict_reply
from core.errors import AgentError, ReplyError
from core.ports import JudgeCase, PlanCase
from core.types import Plan, PlannedStep, Verdict
from tests.core.backends.served import BLUE, PACK, RED, vlm
from tests.core.backends.service import (
    Answer,
    Body,
    serving,
    streamed,
    whole,
)
from tests.core.backends.streams import drain
from tests.core.backends.tiny_vlm import teach, tiny_vlm

GOOD = Verdict(accepted=True, thought="It is blue.")
BAD = Verdict(accepted=False, thought="It is rot.", refined_prompt="Make it blue, please.")


def tokens_of(text: str, at: str, top: dict[str, float]) -> list[Body]:
    """The text as one-character tokens, but for the word ``at``, which has these alternatives (probabilities)."""
    before, _, after = text.rpartition(at)
    alternatives = [{"token": token, "logprob": math.log(p), "bytes": list(token.encode())} for token, p in top.items()]
    chosen = {"token": at, "logprob": math.log(top[at]), "bytes": list(at.encode()), "top_logprobs": alternatives}
    plain_ones = [[{"token": one, "logprob": 0.0, "bytes": None, "top_logprobs": []} for one in part] for part in (before, after)]
    return [*plain_ones[0], chosen, *plain_ones[1]]


def judged(answer: Answer) -> Verdict | AgentError:
    with serving(answer) as service:
        critic = VlmCritic(vlm(service, logprobs=True), PACK)
        return drain(critic.judge([JudgeCase(None, BLUE, "Make it blue.", "Make it blue.", 0)]))[1][0]


def test_agents_read_replies_from_a_server_by_the_same_dialect() -> None:
    plan = Plan(steps=(PlannedStep(title="A cat", instruction="Look.", prompt="Draw a cat.", caption="Mew!"),), thought="One.")
    with serving(streamed(plan_reply(plan)[:20], plan_reply(plan)[20:])) as service:
        planner = VlmPlanner(vlm(service), PACK)
        [made] = drain(planner.plan([PlanCase("A cat.", (), 0)]))[1]
    assert isinstance(made, Plan)
    assert made.steps == plan.steps
    verdict = judged(whole(verdict_reply(BAD, "Make it blue.")))
    assert isinstance(verdict, Verdict)
    assert (verdict.accepted, verdict.refined_prompt, verdict.p_success) == (False, "Make it blue, please.", None)


def test_a_reply_that_means_nothing_is_no_verdict() -> None:
    assert isinstance(judged(whole("I like it.")), ReplyError)


@pytest.mark.parametrize(
    ("top", "p"),
    [
        ({"true": 0.8, "false": 0.1, "maybe": 0.1}, 0.8 / 0.9),
        ({"true": 0.5, " true": 0.2, "True": 0.1, "false": 0.1, "False,": 0.1}, 0.8),
        ({"true": 0.9}, 1.0),
        ({"true": 0.6, "truest": 0.1, "f": 0.3}, 1.0),  # a piece of a word is no word where words come whole
    ],
)
def test_p_success_is_the_share_of_true_among_the_booleans_at_the_verdicts_place(top: dict[str, float], p: float) -> None:
    text = verdict_reply(GOOD, "Make it blue.")
    verdict = judged(streamed(text, tokens=[tokens_of(text, "true", top)]))
    assert isinstance(verdict, Verdict)
    assert verdict.p_success == pytest.approx(p)


def test_words_that_come_in_pieces_are_compared_by_their_first() -> None:
    text = verdict_reply(BAD, "Make it blue.")
    place = text.rindex("false")
    tokens = tokens_of(text[: place + 1], "f", {"f": 0.7, " t": 0.2, "tr": 0.1})
    tokens += [{"token": "alse", "logprob": 0.0}, {"token": text[place + 5 :], "logprob": 0.0}]
    verdict = judged(whole(text, tokens=tokens))
    assert isinstance(verdict, Verdict)
    assert verdict.p_success == pytest.approx(0.3)


def test_tokens_may_say_more_than_the_text_and_split_its_characters() -> None:
    text = verdict_reply(GOOD.model_copy(update={"thought": "Grün 🙂."}), "Make it blue.")
    octets = text.encode()
    place = octets.rindex(b"true")
    split = [{"token": "?", "logprob": 0.0, "bytes": [octet]} for octet in octets[:place]]
    chosen = tokens_of("true", "true", {"true": 0.75, "false": 0.25})
    rest = [{"token": octets[place + 4 :].decode(), "logprob": 0.0}, {"token": "<|im_end|>", "logprob": 0.0}]
    verdict = judged(whole(text, tokens=[{"token": "\n", "logprob": 0.0}, *split, *chosen, *rest]))
    assert isinstance(verdict, Verdict)
    assert verdict.p_success == pytest.approx(0.75)


def test_tokens_that_do_not_make_up_the_text_give_no_probability() -> None:
    text = verdict_reply(GOOD, "Make it blue.")
    verdict = judged(whole(text, tokens=tokens_of(text.replace("blue", "red"), "true", {"true": 0.9})))
    assert isinstance(verdict, Verdict)
    assert (verdict.accepted, verdict.p_success) == (True, None)


def test_with_the_thought_taken_out_the_verdict_is_still_found() -> None:
    text = verdict_reply(GOOD, "Make it blue.")
    thought, _, answer = text.partition("</think>")
    tokens = tokens_of(text, "true", {"true": 0.6, "false": 0.2})
    verdict = judged(whole(answer, tokens=tokens, reasoning_content=thought.removeprefix("<think>")))
    assert isinstance(verdict, Verdict)
    assert (verdict.thought, verdict.p_success) == ("It is blue.", pytest.approx(0.75))


def served_by(model: Vlm, reply: Reply, alternatives: int) -> list[Body]:
    """A real model's reply as a server tells it: each token with the probabilities of its alternatives."""
    tokenizer, checkpoint = model.checkpoint.tokenizer, model.checkpoint
    asked = checkpoint.encode([critic_messages(PACK, "Make it blue.", "Make it blue.")], [[RED, BLUE]])
    prompt = asked["input_ids"].shape[1]
    written = torch.tensor([reply.token_ids])
    asked["input_ids"] = torch.cat([asked["input_ids"], written], 1)
    asked["attention_mask"] = torch.ones_like(asked["input_ids"])
    kinds = asked["mm_token_type_ids"]  # 0 is text
    asked["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(written)], 1)
    with torch.no_grad():
        logits = checkpoint.model(**asked).logits[0, prompt - 1 : -1]
    logprobs = torch.log_softmax(logits.float(), -1)

    def told(row: torch.Tensor, token: int) -> Body:
        return {"token": tokenizer.decode([token], clean_up_tokenization_spaces=False), "logprob": float(row[token])}

    return [
        told(row, token) | {"top_logprobs": [told(row, int(other)) for other in row.topk(alternatives).indices]}
        for row, token in zip(logprobs, reply.token_ids, strict=True)
    ]


def test_p_success_is_what_a_model_in_memory_computes_of_the_same_probabilities(tmp_path_factory: pytest.TempPathFactory) -> None:
    texts = [verdict_reply(verdict, "Make it blue.") for verdict in (GOOD, BAD)]
    # Words that the tokenizer has whole, as those of large models have: a mere answer does not tell which it has not.
    tiny = tiny_vlm(texts * 3 + ["true false True False, true false True False"] * 9, vocabulary=600)
    lesson = critic_messages(PACK, "Make it blue.", "Make it blue.")
    teach(tiny, [(lesson, [RED, BLUE], texts[0]), (lesson, [BLUE, RED], texts[1])], steps=90)
    model = load_vlm(str(tiny.save(tmp_path_factory.mktemp("taught"))), max_new_tokens=120, temperature=0.0)
    [local] = drain(model.generate([lesson], [[RED, BLUE]], [0]))[1]
    assert isinstance(local, Reply)
    expected = local.p_true(verdict_offset(local.text))
    assert expected is not None
    assert 0 < expected < 1
    for alternatives, tolerance in ((len(model.checkpoint.tokenizer), 1e-5), (20, 1e-3)):
        verdict = judged(whole(local.text, tokens=served_by(model, local, alternatives)))
        assert isinstance(verdict, Verdict)
        assert verdict.p_success == pytest.approx(expected, abs=tolerance)
