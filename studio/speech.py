"""Says things in the language of whoever looks: ``say("Drawing {where}.", where=…)``. Knows no page and no story.

English is what the code says; other languages are catalogues (``assets/speech/<language>.po``), looked up by the English. What
a catalogue has not, is said in English. The language is the one of the call: :func:`speaking` sets it around a page's look.
What was said in English where no language was known, as in an error, is a ``Sentence``, which keeps its values apart: it is
looked up by its template, and the values are filled in after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.messages.pofile import read_po

from core.errors import Sentence

FOLDER = Path(__file__).parent.parent / "assets" / "speech"
ENGLISH = "en"
LANGUAGES = (ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po")))
MOST_TAGS = 20  # of an Accept-Language header that are read

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything that is said inside is said in this language."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """The language that is spoken now."""
    return _language.get()


def say(english: str, /, **values: object) -> str:
    """The sentence in the language that is spoken, its ``{places}`` filled with the values, of which some may be sentences."""
    if isinstance(english, Sentence):
        return say(english.english, **english.values)
    said = catalogue(_language.get()).get(english, english)
    told = {name: say(value) if isinstance(value, Sentence) else value for name, value in values.items()}
    return said.format(**told) if told else said


def later(english: str) -> str:
    """Marks a sentence that is said elsewhere, for those who collect what is to be translated."""
    return english


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """What is said in a language, by the English; empty for English itself."""
    if language == ENGLISH or language not in LANGUAGES:
        return {}
    with open(FOLDER / f"{language}.po", "rb") as file:
        return {
            str(message.id): str(message.string) for message in read_po(file, locale=language) if message.id and message.string
        }


def preferred(accepted: str) -> str:
    """The language among ours that an ``Accept-Language`` header asks for first; English if it asks for none of them."""
    wanted = list[tuple[float, str]]()
    for place, part in enumerate(accepted.split(",")[:MOST_TAGS]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), f"{place:02}{tag}"))
        except ValueError:
            continue
    tags = [tag[2:] for _, tag in sorted(wanted)]
    known = [tag for tag in tags if _is_locale(tag)]
    return negotiate_locale(known, LANGUAGES, sep="-") or ENGLISH


def _is_locale(tag: str) -> bool:
    try:
        Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return False
    return True
