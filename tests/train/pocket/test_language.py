"""What is written can be read back, and a person's free words are taken for what is known in them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.pocket.world import CHARACTERS, KINDS, parse_program
from train.pocket import frames, lexicon, phrases, pleas, tales
from train.pocket.critique import refined, thought
from train.pocket.intents import Findings, Intent, Wanted, check
from train.pocket.language import explicit_edit, explicit_whole, filled, write_edit, write_whole
from train.pocket.lessons import lesson
from train.pocket.phrases import STYLES
from train.pocket.reading import check_prompt, parse_prompt
from train.pocket.tokens import GRAMMAR, tokens
from train.pocket.wishes import random_edit, random_scene, random_two_edits, whole_wish

SEEDS = st.integers(0, 2**31)
BEACH = parse_program("beach 2 day clear; top right: one big red balloon; left: one medium orange cat")


def unordered(intent: Intent) -> Intent:
    return replace(intent, wanted=tuple(sorted(intent.wanted, key=lambda wanted: wanted.kind)), gone=tuple(sorted(intent.gone)))


@given(SEEDS)
@settings(max_examples=400)
def test_what_a_lesson_says_is_what_it_means(seed: int) -> None:
    given = lesson(Random(seed))
    read = parse_prompt(given.prompt, whole=given.before is None)
    assert unordered(read.given(given.before)) == unordered(given.intent.given(given.before)), given.prompt


@pytest.mark.parametrize("style", STYLES)
@given(seed=SEEDS)
@settings(max_examples=60)
def test_an_edit_said_in_any_style_is_read_back(style: phrases.Style, seed: int) -> None:
    rng = Random(seed)
    before = random_scene(rng)
    intent = random_two_edits(rng, before).intent
    if style == "vague":
        intent = replace(intent, wanted=tuple(w if before.find(w.kind) else replace(w, slot=None) for w in intent.wanted))
    said = write_edit(intent, before, style, rng)
    assert unordered(parse_prompt(said.text, whole=False).given(before)) == unordered(intent.given(before)), said.text


@pytest.mark.parametrize("style", STYLES)
@given(seed=SEEDS)
@settings(max_examples=60)
def test_a_whole_picture_said_in_any_style_is_read_back(style: phrases.Style, seed: int) -> None:
    rng = Random(seed)
    intent = whole_wish(random_scene(rng)).intent
    assert unordered(parse_prompt(write_whole(intent, style, rng).text)) == unordered(intent)


@given(SEEDS)
def test_a_refined_prompt_asks_for_the_same_and_leaves_nothing_open(seed: int) -> None:
    rng = Random(seed)
    given = lesson(rng)
    full = filled(given.intent, given.before)
    prompt = refined(given.intent, given.before, Findings())
    read = parse_prompt(prompt, whole=given.before is None)
    assert unordered(read.given(given.before)) == unordered(full.given(given.before)), prompt
    for wanted in full.wanted:
        if given.before is None or given.before.find(wanted.kind) is None:
            assert wanted.colour
            assert wanted.slot
            assert wanted.count or not KINDS[wanted.kind].countable


@given(SEEDS)
def test_a_thought_says_no_exactly_when_the_picture_fails(seed: int) -> None:
    rng = Random(seed)
    before = random_scene(rng)
    wish = random_edit(rng, before)
    for after in (wish.target, random_edit(rng, before).target, random_scene(rng)):
        findings = check(wish.intent, before, after)
        tests = thought(wish.intent, before, after, findings).split(" Fault:")[0].split(" All as asked.")[0]
        assert (" no" in tests.replace(" nothing", "")) != findings.success, tests


def test_a_thought_puts_what_should_be_beside_what_is() -> None:
    after = parse_program("beach 2 day clear; top right: one big blue balloon; left: one medium orange cat")
    findings = check(Intent(False), BEACH, after)
    assert thought(Intent(False), BEACH, after, findings) == (
        "Picture: beach 2? beach 2 yes, day? day yes, clear? clear yes. "
        "Top right: balloon? balloon yes, red? blue no, big? big yes, one? one yes. "
        "Left: cat? cat yes, orange? orange yes, medium? medium yes. "
        "Fault: balloon blue, not red."
    )


def test_a_refined_prompt_names_the_harm_and_what_to_keep() -> None:
    intent = Intent(False, wanted=(Wanted("dog"),))
    after = parse_program(
        "beach 2 day clear; top right: one big red balloon; left: one medium white cat; right: one big blue dog"
    )
    assert refined(intent, BEACH, check(intent, BEACH, after)) == (
        "Add a brown dog on the right. The cat must stay orange. "
        "Keep the big red balloon at the top right, the orange cat on the left and everything else as it is."
    )


@pytest.mark.parametrize(
    ("prompt", "intent"),
    [
        ("draw my grandma's cat near the ocean please", Intent(False, place="beach", wanted=(Wanted("cat"),))),
        (
            "Make the cat on the left white and let it snow",
            Intent(False, weather="snow", wanted=(Wanted("cat", colour="white"),)),
        ),
        ("Move the kitty from the left to the right.", Intent(False, wanted=(Wanted("cat", slot="right"),))),
        ("a puppy instead of the balloon", Intent(False, wanted=(Wanted("dog"),), gone=("balloon",))),
        ("Take the balloon away", Intent(False, gone=("balloon",))),
        ("the balloon flies away over the sea", Intent(False, gone=("balloon",))),
        ("Turn the balloon into three red balloons", Intent(False, wanted=(Wanted("balloon", count="three"),))),
        ("Change the colour of the cat to purple", Intent(False, wanted=(Wanted("cat", colour="purple"),))),
        ("The bunny smiles. Keep the cat.", Intent(False, wanted=(Wanted("rabbit"),))),
        ("Add two gifts, but do not touch the cat", Intent(False, wanted=(Wanted("gift", count="two"),))),
        ("the sun goes down", Intent(False, time="evening")),
        ("zxcv qwerty!", Intent(False)),
        ("", Intent(False)),
    ],
)
def test_free_words_are_read_for_what_is_known_in_them(prompt: str, intent: Intent) -> None:
    assert parse_prompt(prompt, whole=False).given(BEACH) == intent.given(BEACH)


def test_the_checker_holds_pictures_against_words() -> None:
    prompt = "Add a brown dog on the right. Keep everything else as it is."
    good = BEACH.with_things(*BEACH.things, parse_program("town 1 day clear; right: one big brown dog").things[0])
    assert check_prompt(prompt, BEACH, good).success
    assert not check_prompt(prompt, BEACH, BEACH).success
    assert check_prompt("An orange cat on the left and a red balloon, at the seaside", None, BEACH).success


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert parse_prompt(text, whole=False).whole is False
    assert check_prompt(text, None, BEACH) is not None


GRAMMATICAL = [word for words in GRAMMAR.values() for word in words.split("|")]


@given(st.lists(st.sampled_from([*GRAMMATICAL, *KINDS, *lexicon.COLOUR_READ, "left", "beach", "snow", "two", "big", ",", "."])))
@settings(max_examples=300)
def test_any_word_salad_can_be_read(words: list[str]) -> None:
    intent = parse_prompt(" ".join(words), whole=False)
    assert not {wanted.kind for wanted in intent.wanted} & set(intent.gone)


def test_no_name_is_a_word_of_the_world() -> None:
    for name in lexicon.NAMES:
        assert [token.sort for token in tokens(name)] == ["word"], name
    for first in lexicon.SYLLABLES:
        for second in lexicon.SYLLABLES:
            assert [token.sort for token in tokens(first + second)] == ["word"], first + second


def test_every_kind_event_and_style_has_words() -> None:
    assert set(tales.LINES) == set(lexicon.KIND_WORDS) == set(KINDS)
    assert set(phrases.STYLES[:4]) == set(frames.WHOLE) == set(phrases.EDITS["add"])
    assert all(len(patterns) >= 8 for patterns in tales.CAPTIONS.values()), "or stories read alike"
    assert set(pleas.STAND_INS.values()) <= set(CHARACTERS)


def test_the_canonical_prompts_are_short_and_plain() -> None:
    scene = parse_program("beach 2 night rain; top right: one big red balloon; left: one medium orange cat")
    assert explicit_whole(whole_wish(scene).intent) == (
        "A big red balloon at the top right and a medium orange cat on the left, at the beach at night in the rain. Nothing else."
    )
    assert explicit_edit(Intent(False, time="night"), scene.with_things()) == "Keep everything else as it is."
