"""Replies parse to what they mean or to an error, never to a guess; what we write, we read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialect import (
    MAX_REPLY,
    Message,
    Pack,
    critic_messages,
    load_pack,
    painter_messages,
    painter_prompt,
    parse_plan,
    parse_verdict,
    plan_reply,
    planner_messages,
    verdict_offset,
    verdict_reply,
)
from core.errors import ProfileError, ReplyError
from core.types import MAX_STEPS, MAX_TEXT, Notes, Plan, PlannedStep, Verdict

PACKS = Path(__file__).parents[2] / "assets" / "prompts"

words = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",)), min_size=1, max_size=60).map(str.strip)
texts = words.filter(lambda text: text not in {"", "null", "None"})
thoughts = words.filter(lambda text: "<" not in text)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    def step() -> PlannedStep:
        prompt, caption = draw(st.none() | texts), draw(texts)
        return PlannedStep(title=draw(texts), instruction=draw(st.just("") | texts), prompt=prompt, caption=caption)

    return Plan(steps=tuple(step() for _ in range(draw(st.integers(1, 5)))), thought=draw(thoughts))


@given(plans())
def test_a_plan_written_is_the_plan_read(plan: Plan) -> None:
    read = parse_plan(plan_reply(plan))
    assert (read.steps, read.thought) == (plan.steps, plan.thought)


@given(thoughts, st.booleans(), texts, texts)
def test_a_verdict_written_is_the_verdict_read(thought: str, accepted: bool, refined: str, current: str) -> None:
    verdict = Verdict(accepted=accepted, thought=thought, refined_prompt=None if accepted else refined)
    reply = verdict_reply(verdict, current)
    assert parse_verdict(reply) == verdict.model_copy(update={"raw": reply})


def test_a_success_repeats_the_current_prompt_on_the_wire() -> None:
    assert (
        json.loads(verdict_reply(Verdict(accepted=True), "a red kite").split("answer>")[1][:-2])["refine_prompt"] == "a red kite"
    )


STEP = '{"step_number": 1, "step_name": "Shore", "instruction": "A cat", "prompt": "a cat", "auxiliary_text": null}'


@pytest.mark.parametrize(
    "reply",
    [
        f'<think>hm</think><answer>{{"execution_plan": [{STEP}]}}</answer>',
        f'<think>hm</think>\n<answer>\n```json\n{{"execution_plan": [{STEP}]}}\n```\n</answer>\n',
        f'{{"execution_plan": [{STEP}]}}',
        "<think>hm</think><answer>{'execution_plan': [{'step_number': 1, 'step_name': 'Shore', 'instruction': 'A cat', "
        "'prompt': 'a cat', 'auxiliary_text': None}]}</answer>",
        f'<answer>{{"execution_plan": [{STEP},]}}</answer>',  # a trailing comma
        f'<answer>{{"execution_plan": [{STEP.replace("1,", chr(34) + "../../x" + chr(34) + ",")}]}}</answer>',
        f'<answer>{{"execution_plan": [{STEP.replace("a cat", "a c" + chr(92) + "u0000at")}]}}</answer>',
    ],
    ids=["strict", "fenced", "bare", "python", "comma", "path as number", "NUL"],
)
def test_the_ways_models_write_a_plan_all_mean_the_same(reply: str) -> None:
    assert parse_plan(reply).steps == (PlannedStep(title="Shore", instruction="A cat", prompt="a cat"),)


def test_a_step_with_a_null_prompt_is_text_only() -> None:
    reply = "<answer>{'execution_plan': [{'instruction': None, 'prompt': None, 'auxiliary_text': 'Stir.'}]}</answer>"
    assert parse_plan(reply).steps == (PlannedStep(caption="Stir."),)


UGLY = {
    "empty": "",
    "prose": "I would start with a nice cat, then a dog.",
    "null": "null",
    "list": "[1, 2]",
    "only a thought": "<think>maybe</think>",
    "no answer in tags": "<think>a</think><answer></answer>",
    "too long": '{"previous_step_success": true, "execution_plan": []}' + " " * MAX_REPLY,
    "deep": "[" * 50_000 + '{"previous_step_success" "execution_plan"',
    "deep and closed": '{"previous_step_success": ' * 3000 + "true" + "}" * 3000,
}
UGLY_PLANS = UGLY | {
    "cut off": '<think>a</think><answer>{"execution_plan": [' + STEP,
    "no steps": '<answer>{"execution_plan": []}</answer>',
    "500 steps": '<answer>{"execution_plan": [' + ",".join([STEP] * 500) + "]}</answer>",
    "a dict of steps": '<answer>{"execution_plan": {"1": ' + STEP + "}}</answer>",
    "steps are strings": '<answer>{"execution_plan": ["draw a cat"]}</answer>',
    "prompt is a list": '<answer>{"execution_plan": [{"prompt": ["a cat"]}]}</answer>',
    "prompt is a number": '<answer>{"execution_plan": [{"prompt": 7}]}</answer>',
    "an empty step": '<answer>{"execution_plan": [{"step_name": "Shore", "prompt": "", "auxiliary_text": "null"}]}</answer>',
    "a huge prompt": '<answer>{"execution_plan": [{"prompt": "' + "a" * (MAX_TEXT + 1) + '"}]}</answer>',
    "two answers": f'<answer>{{"execution_plan": [{STEP}]}}</answer><answer>{{"execution_plan": [{STEP}, {STEP}]}}</answer>',
}
UGLY_VERDICTS = UGLY | {
    "cut off": '<think>fine</think><answer>{"previous_step_success": true, "refine_pro',
    "a spelled-out boolean": '<answer>{"previous_step_success": "true", "refine_prompt": ""}</answer>',
    "a number": '<answer>{"previous_step_success": 1, "refine_prompt": ""}</answer>',
    "nothing said": '<answer>{"previous_step_success": null, "refine_prompt": "a cat"}</answer>',
    "the key only in prose": '"previous_step_success" should be true {"refine_prompt": "x"}',
    "nested": '<answer>{"result": {"previous_step_success": true}}</answer>',
    "a huge prompt": '<answer>{"previous_step_success": false, "refine_prompt": "' + "a" * (MAX_TEXT + 1) + '"}</answer>',
    "two answers": '<answer>{"previous_step_success": false}</answer><answer>{"previous_step_success": true}</answer>',
    "two objects": '{"previous_step_success": false} {"previous_step_success": true}',
    "said twice": '<answer>{"previous_step_success": false, "previous_step_success": true}</answer>',
    "said twice, Python": "<answer>{'previous_step_success': False, 'previous_step_success': True}</answer>",
}


@pytest.mark.parametrize("reply", UGLY_PLANS.values(), ids=UGLY_PLANS)
def test_an_ugly_plan_is_a_failure(reply: str) -> None:
    with pytest.raises(ReplyError):
        parse_plan(reply)


@pytest.mark.parametrize("reply", UGLY_VERDICTS.values(), ids=UGLY_VERDICTS)
def test_an_ugly_verdict_is_a_failure_never_a_pass(reply: str) -> None:
    with pytest.raises(ReplyError):
        parse_verdict(reply)


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_parses_or_fails_in_one_way(text: str) -> None:
    for wrapped in (
        text,
        f'<answer>{{"previous_step_success": {text}}}</answer>',
        f'<answer>{{"execution_plan": [{text}]}}</answer>',
    ):
        for parse in (parse_plan, parse_verdict):
            try:
                parse(wrapped)
            except ReplyError as error:
                assert str(error).endswith(".")


@given(st.text(max_size=30))
def test_a_reply_cut_anywhere_never_becomes_a_pass(thought: str) -> None:
    whole = verdict_reply(Verdict(accepted=False, thought=thought, refined_prompt="a cat"), "a dog")
    for end in range(len(whole)):
        try:
            assert not parse_verdict(whole[:end]).accepted
        except ReplyError:
            pass


def test_at_most_the_allowed_number_of_steps_is_read() -> None:
    assert len(parse_plan('{"execution_plan": [' + ",".join([STEP] * MAX_STEPS) + "]}").steps) == MAX_STEPS


def test_the_verdict_s_place_in_the_reply_is_found_for_its_probability() -> None:
    for spelled in ('{"previous_step_success": true', "{'previous_step_success':False"):
        offset = verdict_offset(f"<think>previous_step_success: no</think><answer>{spelled}, ")
        assert offset is not None
        assert f"<think>previous_step_success: no</think><answer>{spelled}"[offset].lower() in "tf"
    assert verdict_offset("no verdict here") is None


@pytest.mark.parametrize("pack", ["full", "pocket"])
def test_each_pack_fills_all_its_slots(pack: str) -> None:
    loaded = load_pack(PACKS / pack)

    def text_and_images(messages: list[dict]) -> tuple[str, int]:
        parts = [part for message in messages for part in message["content"]]
        return "".join(part.get("text", "") for part in parts), sum(part["type"] == "image" for part in parts)

    text, images = text_and_images(planner_messages(loaded, "REQUEST", 2))
    assert ("REQUEST" in text, images, "{{" in text) == (True, 2, False)
    text, images = text_and_images(critic_messages(loaded, "ASKED", "DRAWN"))
    assert ("ASKED" in text, "DRAWN" in text, images, "{{" in text) == (True, True, 2, False)
    assert text_and_images(painter_messages(loaded, "PROMPT", True))[1] == 1
    assert text_and_images(painter_messages(loaded, "PROMPT", False))[1] == 0


def test_marks_in_a_person_s_text_stay_text() -> None:
    pack = Pack(name="p", planner="{{images}}{{request}}", critic="<image><image>{{prompt}}|{{current}}", painter="{{prompt}}")
    (message,) = critic_messages(pack, "<image> {{current}}", "{{prompt}}")
    assert [part["type"] for part in message["content"]] == ["image", "image", "text"]
    assert message["content"][2]["text"] == "<image> {{current}}|{{prompt}}"


def test_a_pack_that_lacks_a_file_or_has_an_unknown_slot_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"planner\.md"):
        load_pack(tmp_path)
    pack = Pack(name="p", planner="{{colour}}", critic="", painter="")
    with pytest.raises(ProfileError, match="colour"):
        planner_messages(pack, "a", 0)


# ---------------------------------------------------------------- notes, sequences, references

NOTED = Pack(
    name="noted",
    planner="{{images}}Request: {{request}}{{notes}}\n{{references}}",
    critic="",
    painter="",
    planner_notes="Of the whole story:\n- style: {{style}}\n- never: {{avoid}}",
    painter_notes="Style: {{style}}",
    planner_text_only="Words only.",
)


def parts(message: Message) -> list[str]:
    return [part.get("text", "<image>") for part in message["content"]]


def test_only_notes_that_are_there_are_told_and_a_line_each() -> None:
    [told] = planner_messages(NOTED, "A cat", 0, notes=Notes(style="ink\nand  water"))
    assert parts(told) == ["Request: A cat\nOf the whole story:\n- style: ink and water\n"]
    [silent] = planner_messages(NOTED, "A cat", 0)
    assert parts(silent) == ["Request: A cat\n"]
    assert painter_prompt(NOTED, "a cat", Notes(style="ink")) == "a cat\nStyle: ink"
    assert painter_prompt(NOTED, "a cat", Notes(avoid="dogs")) == "a cat"


def test_a_note_that_looks_like_a_template_stays_the_text_that_it_is() -> None:
    assert painter_prompt(NOTED, "a cat", Notes(style="{{avoid}} <image>")) == "a cat\nStyle: {{avoid}} <image>"
    [told] = planner_messages(NOTED, "A cat", 0, notes=Notes(style="{{request}} <image>"))
    assert "{{request}} <image>" in parts(told)[0]


def test_a_sequence_is_told_in_order_its_pictures_before_their_words_and_references_last() -> None:
    given_pieces = [("Once.", True), ("Then.", False), ("", True)]
    [told] = planner_messages(NOTED, "Go on", 1, given=given_pieces, references=2, text_only=True)
    assert parts(told) == [
        *["<image>"] * 2,
        "Once.\nThen.\n",
        "<image>",
        "Request: Go on\nWords only.\n",
        *["<image>"] * 2,
    ]


def test_a_pack_says_which_notes_its_models_are_told_of() -> None:
    assert NOTED.heeds == {"style", "avoid"}
    assert load_pack(PACKS / "full").heeds == {"style", "characters", "avoid", "language"}
    assert load_pack(PACKS / "pocket").heeds == set()
