"""Finds fonts for a text: those that come with the studio, and this machine's own only where those have no glyph.

So the same story gives the same PDF on every machine, unless it is written in letters that the studio has no font for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from typst import Fonts

from core.errors import Sentence
from studio.export.cmap import characters_of
from studio.export.language import script_of

#: Python packages with nothing but fonts in them, all under the SIL Open Font License.
PACKAGES = ("fontpkg_source_serif_4", "fontpkg_amiri", "fontpkg_frank_ruhl_libre", "manimgx_fonts", "manimgx_fonts_cjk")
#: A book's face, and the faces that fit it best, in this order; any other is taken where none of these has a glyph.
SERIFS = ("Source Serif 4", "Amiri", "Frank Ruhl Libre")
SANS = ("Noto Sans", "Noto Emoji", "Noto Sans Symbols")
#: The same Chinese character is drawn differently in each of these.
EASTERN = {"ja": "JP", "ko": "KR", "zh-Hant": "TC", "zh-TW": "TC", "zh-HK": "HK", "zh-MO": "HK"}
STAND_IN = "\N{REPLACEMENT CHARACTER}"  # for a character without a glyph; Noto Sans has it
#: What gives glyphs to a script, by the first word of its characters' Unicode names; for all others, the last.
INSTALLS = dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"), "fonts-noto-cjk")
OTHERWISE = "fonts-noto-core"
SYMBOLS = "fonts-symbola"
_UNSEEN = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
_UNSEEN_TOO = range(0xE0000, 0xE1000)  # tags and variation selectors


@dataclass(frozen=True)
class Faces:
    """Fonts for a text: the compiler's view of them, the families in the order of preference, and what none has a glyph for."""

    fonts: Fonts
    families: tuple[str, ...]
    missing: frozenset[str]

    def covered(self, text: str) -> str:
        """The text with a stand-in for each character that has no glyph."""
        return "".join(STAND_IN if char in self.missing else char for char in text) if self.missing else text

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each script that has no font: which letters are missing, and what to install."""
        by_script: dict[str, list[str]] = {}
        for char in sorted(self.missing):
            by_script.setdefault(_script(char), []).append(char)
        return tuple(_warning(script, chars) for script, chars in by_script.items())


def faces_for(text: str, language: str) -> Faces:
    """The fonts to set ``text`` with, in a book in ``language`` (BCP-47)."""
    needed = {ord(char) for char in set(text) if _is_seen(char)}
    folders = _shipped()
    fonts = Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    missing = _lacking(needed, fonts)
    if missing:
        more = Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=folders)
        still = _lacking(missing, more)
        if still != missing:
            fonts, missing = more, still
    return Faces(fonts, _families(language), frozenset(map(chr, missing)))


def _shipped() -> list[str]:
    specs = filter(None, map(find_spec, PACKAGES))
    return [place for spec in specs for place in spec.submodule_search_locations or ()]


def _families(language: str) -> tuple[str, ...]:
    tags = (language, language.split("-")[0])
    region = next((EASTERN[tag] for tag in tags if tag in EASTERN), "SC")
    return (*SERIFS, *SANS, f"Noto Sans CJK {region}", f"Noto Serif CJK {region}")


def _lacking(needed: Iterable[int], fonts: Fonts) -> set[int]:
    """What none of these fonts has a glyph for; looks into no more of them than it must."""
    lacking = set(needed)
    for font in sorted(fonts.fonts(), key=lambda font: font.family not in SERIFS):
        if not lacking:
            break
        if font.path:
            lacking -= characters_of(Path(font.path), font.index)
    return lacking


def _is_seen(char: str) -> bool:
    """Whether a character needs a glyph: spaces, joiners, and what only changes the character before it need none."""
    unseen = ord(char) in _UNSEEN or ord(char) in _UNSEEN_TOO or unicodedata.category(char) == "Cf"
    return not (unseen or char.isspace())


def _script(char: str) -> str:
    return script_of(char) if unicodedata.category(char)[0] in "LM" else ""


def _warning(script: str, chars: list[str]) -> Sentence:
    sample = " ".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in chars[:5])
    how = {"sample": sample, "stand_in": STAND_IN, "package": INSTALLS.get(script, OTHERWISE) if script else SYMBOLS}
    if not script:
        return Sentence(
            "No font here has some signs ({sample}), so {stand_in} stands for them: "
            "do “apt install {package}”, and export again.",
            **how,
        )
    return Sentence(
        "No font here has {script} letters ({sample}), so {stand_in} stands for them: "
        "do “apt install {package}”, and export again.",
        script=Sentence("Chinese") if script == "CJK" else script.capitalize(),
        **how,
    )
