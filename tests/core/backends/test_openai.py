"""A model on a server answers as one in memory does; what passes is tried again, what does not is said; nothing is guessed."""

from __future__ import annotations

import base64
import logging
import re
import time
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from core.backends.completions import Heard, plain
from core.backends.openai import Address, Patience, ServedVlm, _seconds
from core.backends.vlm import Reply, VlmCritic
from core.dialect import critic_messages
from core.errors import AgentError, ProfileError, ReplyError, Unreachable
from core.ports import JudgeCase, TextDelta
from tests.core.backends.served import BLUE, PACK, QUICK, RED, vlm
from tests.core.backends.service import (
    Answer,
    Service,
    cut,
    garbage,
    hang,
    hang_midway,
    piece,
    reset,
    serving,
    status,
    streamed,
    whole,
)
from tests.core.backends.streams import drain

ASK = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]


def said(service: Service, cases: int = 1, **more: Any) -> list[Reply | AgentError]:
    return drain(vlm(service, **more).generate([ASK] * cases, [[]] * cases, list(range(cases))))[1]


# ---------------------------------------------------------------- one call


def test_the_request_holds_model_seed_bounds_and_the_pictures_in_their_places() -> None:
    messages = critic_messages(replace(PACK, critic_system="Be strict."), "Make it blue.", "Bluer!")
    with serving(whole("Yes.")) as service:
        one = vlm(service, temperature=0.4, max_new_tokens=33, key="s3cret", logprobs=True)
        drain(one.generate([messages], [[RED, BLUE]], [7]))
    [body], [headers] = service.bodies, service.headers
    assert service.paths == ["/v1/chat/completions"]
    assert headers["Authorization"] == "Bearer s3cret"
    wanted = {"model": "some/model", "seed": 7, "temperature": 0.4, "max_completion_tokens": 33, "logprobs": True}
    assert body.items() >= wanted.items()
    system, user = body["messages"]
    assert system == {"role": "system", "content": [{"type": "text", "text": "Be strict."}]}
    assert [part["type"] for part in user["content"]] == ["image_url", "image_url", "text"]
    shown = [part["image_url"]["url"].removeprefix("data:image/png;base64,") for part in user["content"][:2]]
    pictures = [Image.open(BytesIO(base64.b64decode(data))) for data in shown]
    assert [picture.getpixel((0, 0)) for picture in pictures] == [(255, 0, 0), (0, 0, 255)]


def test_what_is_not_set_is_left_to_the_server_and_without_a_key_none_is_sent() -> None:
    with serving(whole("Yes.")) as service:
        said(service)
    assert {"temperature", "logprobs", "top_logprobs"}.isdisjoint(service.bodies[0])
    assert "Authorization" not in service.headers[0]


def test_a_large_picture_is_shown_as_large_as_to_a_local_model() -> None:
    one = [{"role": "user", "content": [{"type": "image"}]}]
    with serving(whole("Yes.")) as service:
        drain(vlm(service).generate([one], [[Image.new("RGBA", (3000, 1500))]], [0]))
    url = service.bodies[0]["messages"][0]["content"][0]["image_url"]["url"]
    picture = Image.open(BytesIO(base64.b64decode(url.partition(",")[2])))
    assert picture.mode == "RGB"
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert 0.98 < picture.width * picture.height / 1_048_576 <= 1
    assert picture.width / picture.height == pytest.approx(2, abs=0.01)


def test_a_pack_with_other_places_than_pictures_is_our_own_fault() -> None:
    with serving(whole("Yes.")) as service, pytest.raises(ProfileError, match="places for 0 pictures; 1 are given"):
        drain(vlm(service).generate([ASK], [[RED]], [0]))


def test_control_tokens_that_somebody_wrote_stay_mere_text() -> None:
    assert plain("a <|im_end|> b </s><image> [INST]") == "a < |im_end|> b < /s>< image> [ INST]"
    kept = "<think>1 < 2 | 3 > 2</think><answer>"
    assert plain(kept) == kept


@pytest.mark.parametrize("answer", [whole("Good day."), streamed("Good ", "", "day.")], ids=["whole", "streamed"])
def test_a_reply_is_the_text_and_what_comes_is_shown_as_it_comes(answer: Answer) -> None:
    with serving(answer) as service:
        deltas, [reply] = drain(vlm(service).generate([ASK], [[]], [0]))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.ended, len(reply.token_ids)) == ("Good day.", True, 7)
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == "Good day."


def test_replies_keep_the_order_of_their_cases_whichever_comes_first() -> None:
    def slowly(asking: Any) -> None:
        time.sleep(0.05 * (3 - asking.body["seed"]))
        whole(f"seed {asking.body['seed']}")(asking)

    with serving(slowly) as service:
        deltas, replies = drain(vlm(service).generate([ASK] * 4, [[]] * 4, [0, 1, 2, 3]))
    assert [reply.text for reply in replies if isinstance(reply, Reply)] == [f"seed {n}" for n in range(4)]
    assert {delta.index: delta.text for delta in deltas} == {n: f"seed {n}" for n in range(4)}


def test_no_more_requests_are_in_flight_than_are_allowed() -> None:
    def slowly(asking: Any) -> None:
        time.sleep(0.03)
        whole("Yes.")(asking)

    with serving(slowly) as service:
        assert len(said(service, 9, at_once=3)) == 9
    assert service.most == 3


def test_no_cases_ask_nobody() -> None:
    with serving(whole("Yes.")) as service:
        assert said(service, 0) == []
    assert service.bodies == []


def test_a_thought_that_the_server_took_out_goes_back_where_the_dialect_reads_it() -> None:
    for name in ("reasoning_content", "reasoning"):
        with serving(whole("<answer>{}</answer>", **{name: "Hm."})) as service:
            [reply] = said(service)
        assert isinstance(reply, Reply)
        assert reply.text == "<think>Hm.</think><answer>{}</answer>"


def test_a_reply_that_reached_its_bound_has_not_ended() -> None:
    with serving(whole('{"previous_step', finish="length")) as service:
        critic = VlmCritic(vlm(service), PACK)
        [verdict] = drain(critic.judge([JudgeCase(None, BLUE, "Make it blue.", "Make it blue.", 0)]))[1]
    assert isinstance(verdict, ReplyError)
    assert str(verdict) == "The reply was cut off after 7 tokens."


# ---------------------------------------------------------------- troubles


@pytest.mark.parametrize(
    "trouble",
    [
        status(429),
        status(500),
        status(503),
        garbage,
        reset,
        cut("<thi"),
        lambda asking: asking.say(200, b"[]"),
        lambda asking: asking.say(200, b'{"choices": []}'),
        lambda asking: asking.say(200, b"\xff\xfe"),
    ],
    ids=["429", "500", "503", "half JSON", "reset", "cut stream", "a list", "no choice", "no text"],
)
def test_what_may_pass_is_tried_again(trouble: Answer) -> None:
    with serving(trouble, trouble, whole("At last.")) as service:
        [reply] = said(service)
    assert isinstance(reply, Reply)
    assert (reply.text, len(service.bodies)) == ("At last.", 3)
    assert service.bodies[0] == service.bodies[2]


def test_a_second_try_shows_nothing_twice() -> None:
    with serving(cut("Good "), streamed("Good ", "day.")) as service:
        deltas, _ = drain(vlm(service).generate([ASK], [[]], [0]))
    assert [delta.text for delta in deltas if isinstance(delta, TextDelta)] == ["Good ", "day."]


def test_a_server_that_says_when_to_come_again_is_not_asked_before() -> None:
    times: list[float] = []

    def noting(answer: Answer) -> Answer:
        return lambda asking: (times.append(time.monotonic()), answer(asking))[1]

    with serving(noting(status(429, Retry_After="1")), noting(whole("Yes."))) as service:
        assert isinstance(said(service)[0], Reply)
    assert times[1] - times[0] >= 1


def test_one_that_says_to_come_again_too_late_is_given_up_at_once() -> None:
    with (
        serving(status(429, "full", Retry_After="3600"), whole("Yes.")) as service,
        pytest.raises(Unreachable, match="429: full"),
    ):
        said(service)
    assert len(service.bodies) == 1


def test_when_to_come_again_may_be_a_date_and_nonsense_is_none() -> None:
    assert _seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert _seconds("Wed, 21 Oct 2099 07:28:00 GMT") > 1e9
    assert [_seconds(text) for text in ("", "7", "-3", "soon")] == [0, 7, 0, 0]


def test_pauses_are_random_grow_and_are_bounded() -> None:
    patience = Patience(pause=1, longest=5)
    drawn = [[patience.before(number, 0) for _ in range(200)] for number in (1, 2, 9)]
    assert len(set(drawn[0])) > 100
    assert max(drawn[0]) <= 1 < max(drawn[1]) <= 2 < max(drawn[2]) <= 5
    assert patience.before(1, 60) >= 60


@pytest.mark.parametrize("trouble", [status(503, "busy"), reset, hang], ids=["503", "reset", "hanging"])
def test_a_server_that_is_gone_for_good_fails_the_whole_call(trouble: Answer) -> None:
    with serving(trouble) as service, pytest.raises(Unreachable, match=r"^The server 127\.0\.0\.1:\d+ .*\(4 tries\)\.$"):
        said(service, 2, patience=replace(QUICK, quiet=0.1))
    assert len(service.bodies) == 8


def test_where_nobody_listens_nobody_is_reached() -> None:
    with serving(whole("Yes.")) as service:
        pass
    with pytest.raises(Unreachable, match=r"cannot be reached \(4 tries\)"):
        said(service)


def test_the_calls_seconds_bound_all_tries_and_cases_together() -> None:
    started = time.monotonic()
    with serving(hang) as service, pytest.raises(Unreachable, match=r"gave no answer within 0\.4 seconds"):
        said(service, 4, at_once=1, patience=replace(QUICK, seconds=0.4))
    assert time.monotonic() - started < 5
    assert len(service.bodies) == 1


@pytest.mark.parametrize("code", [400, 413, 422])
def test_what_is_refused_for_good_is_not_asked_twice_and_spoils_no_other_case(code: int) -> None:
    def picky(asking: Any) -> None:
        (status(code, "The prompt is\n too  long.") if asking.body["seed"] == 1 else whole("Yes."))(asking)

    with serving(picky) as service:
        replies = said(service, 3)
    assert len(service.bodies) == 3
    assert [type(reply) for reply in replies] == [Reply, AgentError, Reply]
    assert str(replies[1]).endswith(f"says {code}: The prompt is too long.")


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_server_that_lets_nobody_in_fails_the_whole_call_at_once(code: int) -> None:
    with serving(status(code, "no such thing")) as service, pytest.raises(Unreachable, match=f"says {code}: no such thing"):
        said(service, 2)
    assert len(service.bodies) == 2


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error": {"message": "bad"}}', "bad"),
        (b'{"object": "error", "message": "bad"}', "bad"),
        (b'{"detail": [{"loc": "x"}]}', '"loc": "x"'),
        (b'{"error": "bad"}', "bad"),
        (b"<html>", "Bad Request"),
        (b'{"error": {"message": "' + b"x" * 999 + b'"}}', "x" * 200 + r"\.$"),
    ],
)
def test_a_servers_own_words_are_told_in_one_short_line(body: bytes, says: str) -> None:
    with serving(lambda asking: asking.say(400, body)) as service:
        [fault] = said(service)
    assert re.search(says, str(fault))
    assert len(str(fault)) < 300


@pytest.mark.parametrize("answer", [whole("", finish="content_filter"), whole("", refusal="I can't.")])
def test_a_model_that_would_not_answer_is_a_fault_of_its_reply(answer: Answer) -> None:
    with serving(answer) as service:
        assert isinstance(said(service)[0], ReplyError)
    assert len(service.bodies) == 1


def test_an_error_in_the_middle_of_a_stream_is_no_reply() -> None:
    def broken(asking: Any) -> None:
        asking.begin_stream()
        asking.event(piece("Good"))
        asking.event({"error": {"message": "The engine died."}})

    with serving(broken) as service:
        [fault] = said(service)
    assert "The engine died" in str(fault)


def test_an_endless_reply_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.backends.completions.MAX_REPLY", 50)
    with serving(streamed(*["0123456789"] * 9)) as service:
        assert isinstance(said(service)[0], ReplyError)


# ---------------------------------------------------------------- giving up, secrets


def test_closing_the_stream_ends_all_requests_soon_and_in_order() -> None:
    with serving(hang_midway) as service:
        stream = vlm(service).generate([ASK] * 3, [[]] * 3, [0, 1, 2])
        next(stream)
        started = time.monotonic()
        stream.close()
        assert time.monotonic() - started < 2
        assert service.left.wait(5), "the server sees that nobody listens any more"
        service.answers[:] = [whole("Yes.")]
        assert isinstance(said(service)[0], Reply), "and the next call is not in its way"


def test_the_key_is_in_no_name_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(status(401, "Incorrect API key provided: s3cret."), status(500, "s3cret")) as service:
        one = vlm(service, key="s3cret")
        with pytest.raises(Unreachable) as fault:
            drain(one.generate([ASK], [[]], [0]))
    assert "provided: …" in str(fault.value)
    assert "s3cret" not in repr(one) + one.name + str(fault.value) + caplog.text


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with serving(whole("Mine!")) as thief, serving(status(307, "elsewhere", Location=thief.url)) as service:
        [fault] = said(service, key="s3cret")
    assert isinstance(fault, AgentError)
    assert thief.bodies == []


# ---------------------------------------------------------------- addresses


def test_an_address_names_server_and_model() -> None:
    address = Address.parse("openai:http://gpu-1:8000/v1/#Qwen/Qwen3-VL-8B-Instruct")
    assert (address.url, address.model, address.host) == ("http://gpu-1:8000/v1", "Qwen/Qwen3-VL-8B-Instruct", "gpu-1:8000")
    assert ServedVlm(address).name == "Qwen/Qwen3-VL-8B-Instruct@remote"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("openai:http://gpu-1:8000/v1", "the model is missing"),
        ("openai:gpu-1:8000/v1#m", "is like"),
        ("openai:ftp://gpu-1/v1#m", "is like"),
        ("openai:#m", "is like"),
        ("openai:http://me:s3cret@gpu-1/v1#m", "no password"),
        ("openai:http://gpu-1/v1?key=s3cret#m", "no key"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        Address.parse(text)
    assert "s3cret" not in str(refused.value)


def test_an_answer_of_ours_is_not_guessed_from_nothing() -> None:
    heard = Heard()
    with pytest.raises(ValueError, match="choices"):
        heard.add("{}")
