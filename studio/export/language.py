"""Says in which language and direction a text is written, as far as its letters or a person's own words tell. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Literal

Direction = Literal["ltr", "rtl"]

#: Languages as people write them, in English and in the language itself. A person may also write the tag (``pt-BR``).
NAMES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es", "español": "es",
    "italian": "it", "italiano": "it", "portuguese": "pt", "português": "pt", "dutch": "nl", "nederlands": "nl",
    "polish": "pl", "polski": "pl", "czech": "cs", "čeština": "cs", "hungarian": "hu", "magyar": "hu", "turkish": "tr",
    "türkçe": "tr", "swedish": "sv", "svenska": "sv", "danish": "da", "dansk": "da", "norwegian": "no", "norsk": "no",
    "finnish": "fi", "suomi": "fi", "romanian": "ro", "română": "ro", "russian": "ru", "русский": "ru", "ukrainian": "uk",
    "українська": "uk", "bulgarian": "bg", "serbian": "sr", "greek": "el", "ελληνικά": "el", "arabic": "ar", "العربية": "ar",
    "hebrew": "he", "עברית": "he", "persian": "fa", "farsi": "fa", "فارسی": "fa", "urdu": "ur", "اردو": "ur", "yiddish": "yi",
    "hindi": "hi", "हिन्दी": "hi", "marathi": "mr", "nepali": "ne", "bengali": "bn", "বাংলা": "bn", "tamil": "ta", "telugu": "te",
    "thai": "th", "ไทย": "th", "vietnamese": "vi", "tiếng việt": "vi", "indonesian": "id", "malay": "ms", "swahili": "sw",
    "japanese": "ja", "日本語": "ja", "korean": "ko", "한국어": "ko", "traditional chinese": "zh-Hant", "繁體中文": "zh-Hant",
    "simplified chinese": "zh-Hans", "简体中文": "zh-Hans", "chinese": "zh", "mandarin": "zh", "中文": "zh",
}  # fmt: skip
#: The language that most books in a script are in; the script is the first word of its characters' Unicode names.
WRITTEN_IN = {
    "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn", "GURMUKHI": "pa", "GUJARATI": "gu", "ORIYA": "or",
    "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si", "THAI": "th", "LAO": "lo",
    "MYANMAR": "my", "KHMER": "km", "TIBETAN": "bo", "ETHIOPIC": "am", "GEORGIAN": "ka", "ARMENIAN": "hy", "GREEK": "el",
    "CYRILLIC": "ru", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh",
}  # fmt: skip
_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
_FROM_THE_RIGHT = {"ar", "he", "fa", "ur", "yi", "ps", "sd", "ug", "dv", "ckb", "syr"}
_SCRIPTS_FROM_THE_RIGHT = {"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm"}


def tag_of(said: str, text: str) -> str:
    """The BCP-47 tag of the language that a person ``said``, else of the one whose letters ``text`` is in, else ``en``."""
    said = said.strip().casefold().replace("_", "-")
    if said in NAMES:
        return NAMES[said]
    if tag := _TAG.fullmatch(said):
        language, script, region = tag.groups()
        return "-".join(part for part in (language, script and script.title(), region and region.upper()) if part)
    for name in sorted(NAMES, key=len, reverse=True):  # “easy German, for children”; the longest name says most
        if name in said:
            return NAMES[name]
    return _written_in(text)


def direction_of(tag: str) -> Direction:
    """In which direction this language is read."""
    language, *rest = tag.split("-")
    return "rtl" if language in _FROM_THE_RIGHT or _SCRIPTS_FROM_THE_RIGHT & set(rest) else "ltr"


def direction_in(text: str, otherwise: Direction) -> Direction:
    """In which direction this text is read: as its first letter is (Unicode's bidirectional algorithm, rule P2)."""
    for char in text:
        match unicodedata.bidirectional(char):
            case "L":
                return "ltr"
            case "R" | "AL":
                return "rtl"
    return otherwise


def script_of(char: str) -> str:
    """The script of a letter as Unicode's name of it begins (``HEBREW``); empty where it has no name."""
    return unicodedata.name(char, "").partition(" ")[0].partition("-")[0]


def _written_in(text: str) -> str:
    scripts = Counter(script_of(char) for char in text if char.isalpha())
    if not scripts:
        return "en"
    most = scripts.most_common(1)[0][0]
    if most == "CJK" and (scripts["HIRAGANA"] or scripts["KATAKANA"]):  # no Japanese sentence is without them
        return "ja"
    return WRITTEN_IN.get(most, "en")
