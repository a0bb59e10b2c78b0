"""Laws of what is said in which language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from studio.speech import ENGLISH, FOLDER, LANGUAGES, catalogue, language, preferred, say, speaking
from tests.studio.phrases import phrases

OTHERS = LANGUAGES[1:]
PLACES = re.compile(r"\{\w+\}")


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
