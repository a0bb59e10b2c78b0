"""Collects all that the studio says, from its code, templates and scripts; ``make speech`` brings the catalogues up to date.

What is new stands in ``assets/speech/<language>.po`` without a translation then, and what is no longer said is gone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import nodes

from core import errors
from studio.speech import FOLDER, LANGUAGES
from studio.storyboard import TEMPLATES

ROOT = Path(__file__).parents[2]
STATIC = (
    "frame",
    "welcome",
    "lesson",
    "shelf_frame",
    "tray",
    "sequence",
    "library_frame",
    "train_frame",
    "agreement_frame",
    "review_frame",
    "takeaway",
    "lightbox",
    "share",
    "admin_frame",
    "account_frame",
)  # told again by scripts
HEADER = "# What Interleave Studio says, in another language. `make speech` keeps it in step with the code."
AUTHORS = "the Interleave Studio authors"
CREATED = datetime(2026, 11, 25, tzinfo=UTC)  # always the same, so that a catalogue changes only where its words do
SAYING = {"say", "later", "Sentence"}
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.StudioError)}
FIELDS = {"Button", "Accordion", "Markdown", "UploadButton", "Tab", "Label"}  # of Gradio, whose first argument is shown
SHOWN = {"label", "info", "placeholder", "message", "title"}  # keywords whose text is shown
SPOKEN = {"title", "aria-label", "placeholder"}
CHILDREN = "@children"  # where Gradio puts the components inside
_SLOTS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_JS = re.compile(r"""\bsay\(\s*"((?:[^"\\]|\\.)*)\"""")


def phrases() -> dict[str, set[str]]:
    """Every English phrase, and the files that say it."""
    found: dict[str, set[str]] = {}
    for path in files():
        for phrase in _phrases_of(path):
            if re.search(r"[A-Za-z]{2}", phrase):
                found.setdefault(phrase, set()).add(str(path.relative_to(ROOT)))
    return found


def files() -> list[Path]:
    studio = [path for path in sorted((ROOT / "studio").rglob("*.py")) if path.name != "theme.py"]
    rules = [ROOT / "core" / name for name in ("decide.py", "policy.py", "images.py", "pictures.py")]
    rules += [path for folder in ("store", "storyfile") for path in sorted((ROOT / "core" / folder).glob("*.py"))]
    templates = sorted((ROOT / "studio" / "templates").glob("*.html"))
    return [*studio, *rules, *templates, *sorted((ROOT / "assets" / "js").glob("*.js"))]


def _phrases_of(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".py":
            yield from _of_code(ast.parse(text))
        case ".js":
            yield from _Markup("".join(re.findall(r"const MARKUP = `(.*?)`", text, re.DOTALL))).said
            yield from (re.sub(r"\\(.)", r"\1", found) for found in _JS.findall(text))
        case ".html" if path.stem in STATIC:
            yield from _Markup(text).said
        case ".html":
            for call in TEMPLATES.parse(text).find_all(nodes.Call):
                if isinstance(call.node, nodes.Name) and call.node.name == "say" and isinstance(call.args[0], nodes.Const):
                    yield call.args[0].value


def _of_code(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = called(call)
        if name in SAYING or name in FIELDS or name in ERRORS or name == "Error":
            yield from _constant(call.args[0] if call.args else None)
        for keyword in call.keywords:
            if keyword.arg in SHOWN:
                yield from _constant(keyword.value)


def called(call: ast.Call) -> str:
    """The name of what is called, without where it is from."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _constant(node: ast.AST | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


class _Markup(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(_SLOTS.sub("", re.sub(r'="[^"]*\{\{[^"]*"', '=""', text)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value for name, value in attrs if name in SPOKEN and value]

    def handle_data(self, data: str) -> None:
        if data.strip() not in ("", CHILDREN):
            self.said.append(" ".join(data.split()))


def updated(language: str) -> Catalog:
    """The language's catalogue with just what is said now."""
    path = FOLDER / f"{language}.po"
    known: dict[str, str] = {}
    if path.exists():
        with open(path, "rb") as file:
            known = {str(message.id): str(message.string) for message in read_po(file) if message.id}
    catalog = Catalog(
        locale=language,
        project="Interleave Studio",
        version="1",
        copyright_holder=AUTHORS,
        msgid_bugs_address="",
        last_translator=AUTHORS,
        language_team=language,
        creation_date=CREATED,
        revision_date=CREATED,
        fuzzy=False,
    )
    catalog.header_comment = HEADER  # Babel's own has places to fill in
    catalog.msgid_bugs_address = ""
    for phrase, where in sorted(phrases().items()):
        catalog.add(phrase, known.get(phrase, ""), locations=[(name, None) for name in sorted(where)])
    return catalog


def write(language: str) -> None:
    catalog = updated(language)  # before the file is opened for writing, which empties it
    with open(FOLDER / f"{language}.po", "wb") as file:
        write_po(file, catalog, width=120)


if __name__ == "__main__":
    for language in LANGUAGES[1:]:
        write(language)
