"""Laws of what people read of model text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.dialect import plan_reply, verdict_reply
from core.types import Plan, PlannedStep, Verdict
from studio.wording import clock, glimpse, headline

PLAN = Plan(
    thought="An orange cat, at the beach.",
    steps=(PlannedStep(title='The "red" balloon', prompt="p"), PlannedStep(title="Größe\nund Glück", prompt="p")),
)


def test_a_glimpse_of_an_unfinished_plan_shows_words_and_never_its_wrapping() -> None:
    reply, thoughts, titles = plan_reply(PLAN), list[str](), list[tuple[str, ...]]()
    for cut in range(len(reply) + 1):
        seen = glimpse(reply[:cut])
        assert PLAN.thought.startswith(seen.thought) or seen.thought in {"<think>"[:cut]}, seen
        assert not set("<>{") & set(seen.thought)
        thoughts.append(seen.thought)
        titles.append(seen.titles)
    assert thoughts[-1] == PLAN.thought
    assert titles[-1] == ('The "red" balloon', "Größe\nund Glück")
    assert sorted(map(len, titles)) == list(map(len, titles)), "a title that was seen stays"


def test_a_glimpse_of_a_verdict_shows_the_thought_alone() -> None:
    reply = verdict_reply(Verdict(accepted=False, thought="The balloon is blue.", refined_prompt="red"), "blue")
    assert glimpse(reply).thought == "The balloon is blue."
    assert glimpse("No tags at all, just words").thought == "No tags at all, just words"


@given(st.text(max_size=200))
def test_a_glimpse_takes_any_text(text: str) -> None:
    glimpse(text)
    glimpse("<think>x</think>" + '{"step_name": "' + text)


def test_durations_are_said_as_people_say_them() -> None:
    assert [clock(seconds) for seconds in (0.2, 48, 61, 3599, 3900)] == ["1 s", "48 s", "1 min", "1 h 0 min", "1 h 5 min"]


@given(st.text(max_size=200))
def test_a_headline_is_short(text: str) -> None:
    assert len(headline(text)) <= 62
    assert headline("Mila") == "Mila"
