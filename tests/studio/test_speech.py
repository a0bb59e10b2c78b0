"""Laws of what is said in which language."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from pydantic import ValidationError

from core.errors import BadImage, Sentence, StudioError
from core.types import Policy
from studio.pages.parts import sentence
from studio.speech import ENGLISH, FOLDER, LANGUAGES, catalogue, language, preferred, say, speaking
from tests.studio.phrases import ERRORS, SAYING, called, files, phrases

OTHERS = LANGUAGES[1:]
PLACES = re.compile(r"\{\w+(?:!r)?\}")


@pytest.mark.parametrize("other", OTHERS)
def test_everything_the_studio_says_is_said_in_every_language_and_nothing_else(other: str) -> None:
    said = phrases().keys()
    there = catalogue(other).keys()
    assert not said - there, "run `make speech`, and translate what is new"
    assert not there - said, "run `make speech`: some is no longer said"


@pytest.mark.parametrize("other", OTHERS)
def test_a_translation_has_the_places_of_its_english_and_no_markup(other: str) -> None:
    for english, said in catalogue(other).items():
        assert sorted(PLACES.findall(said)) == sorted(PLACES.findall(english)), english
        assert "<" not in said
        assert said.strip() == said or english.strip() != english


@pytest.mark.parametrize("path", [path for path in files() if path.suffix == ".py"], ids=lambda path: path.stem)
def test_a_sentence_with_values_in_it_is_a_template_and_has_them_all(path: Path) -> None:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or called(call) not in SAYING | ERRORS or not call.args:
            continue
        first, given = call.args[0], {keyword.arg for keyword in call.keywords}
        where = f"{path.name}:{call.lineno}"
        assert not isinstance(first, ast.JoinedStr | ast.BinOp), f"{where}: {{places}} and values, instead"
        if isinstance(first, ast.Constant) and called(call) != "later" and None not in given:
            assert {place.strip("{}").removesuffix("!r") for place in PLACES.findall(str(first.value))} == given, where


def test_a_sentence_is_said_by_its_template_and_its_values_are_filled_in_after() -> None:
    fault = BadImage("This picture moves: it has {frames} frames; use one that stands still.", frames=12)
    error = BadImage("{what}: {why}", what=Sentence("Picture {number}", number=3), why=fault.sentence)
    assert str(error) == error.sentence == "Picture 3: This picture moves: it has 12 frames; use one that stands still."
    with speaking("zh"):
        assert say(error.sentence) == "图片 3：这是动图，有 12 帧，请使用静态图片。"
    assert say(error.sentence) == str(error)


def test_a_value_is_never_taken_for_a_template() -> None:
    name = "{name.__class__} {nobody} 100 %"
    error = StudioError("There is no such format: choose one of {formats}.", formats=name)
    with speaking("ja"):
        assert name in say(error.sentence)
    assert name in str(error)
    assert say(StudioError(name).sentence) == str(StudioError(name)) == name


def test_a_sentence_survives_being_copied_and_sent() -> None:
    error = BadImage("This picture moves: it has {frames} frames; use one that stands still.", frames=2)
    for copied in (copy.deepcopy(error.sentence), pickle.loads(pickle.dumps(error)).sentence):
        with speaking("ja"):
            assert copied == error.sentence
            assert say(copied) == "この画像は2フレームの動画像です。静止画をお使いください。"


def test_what_a_field_may_not_hold_is_said_in_the_language_that_is_spoken() -> None:
    with pytest.raises(ValidationError) as fault:
        Policy(max_attempts=99)
    assert sentence(fault.value) == "Max attempts: it must be 20 or less."
    with speaking("ja"):
        assert sentence(fault.value) == "ステップごとの試行数：20 以下にしてください。"


def test_there_are_chinese_and_japanese() -> None:
    assert set(LANGUAGES) == {"en", "ja", "zh"}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.po")), ids=lambda file: file.stem)
def test_catalogues_are_whole_files_of_their_own_language(file: Path) -> None:
    with open(file, "rb") as opened:
        catalog = read_po(opened)
    assert str(catalog.locale) == file.stem
    assert not [message.id for message in catalog if message.fuzzy and message.id]


def test_what_a_catalogue_has_not_is_said_in_english() -> None:
    with speaking("ja"):
        assert say("Nobody ever says {this}.", this="that") == "Nobody ever says that."
        assert language() == "ja"
    assert language() == ENGLISH
    with speaking("xx"):
        assert say("Paused") == "Paused"


def test_a_language_is_left_again_whatever_happens() -> None:
    with pytest.raises(ValueError, match="oh"), speaking("ja"):
        raise ValueError("oh")
    assert language() == ENGLISH


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "en"),
        ("de-DE,de;q=0.9,en;q=0.8", "en"),
        ("ja", "ja"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("de, ja;q=0.5, zh;q=0.7", "zh"),
        ("*", "en"),
        (";;;q=,,=;q=x,\x00", "en"),
        ("ja;q=nan," * 999, "ja"),
    ],
)
def test_the_browser_says_which_language_it_wants(accepted: str, spoken: str) -> None:
    assert preferred(accepted) == spoken
