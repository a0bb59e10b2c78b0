"""What the pages share: who looks, how our scripts are loaded, our templates, and faults in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio.speech import later, say
from studio.visitors import Visitor

TEMPLATES = Path(__file__).parent.parent / "templates"

#: Says which visitor a request comes from.
Who = Callable[[Any], Visitor]

#: Runs a module of ours when the component is there; the module is loaded by its address, relative to where the app is.
#: ``trigger`` sends one of the component's events to Gradio.
MOUNT = """
const base = new URL((window.gradio_config?.root ?? "").replace(/\\/*$/, "/") || "./", document.baseURI);
import(new URL("studio/js/%s.js", base).href).then((module) => module.mount(element, server, trigger));
"""

#: What people fill in, as the values are called.
FIELDS = (
    *(
        later("Max attempts"),
        later("Candidates"),
        later("Seed"),
        later("Text"),
        later("Title"),
        later("Prompt"),
        later("Caption"),
    ),
    *(later("Style"), later("Characters"), later("Avoid"), later("Language")),
    *(later("Name"), later("Model"), later("Data"), later("Steps"), later("Epochs"), later("This")),
)

#: Values whose names a page writes out.
CALLED = {"rate": later("Learning rate")}

#: What may be wrong with it, by Pydantic's names; ``{places}`` are Pydantic's, too.
FAULTS = {
    "greater_than": later("{field}: it must be more than {gt}."),
    "greater_than_equal": later("{field}: it must be {ge} or more."),
    "less_than_equal": later("{field}: it must be {le} or less."),
    "less_than": later("{field}: it must be less than {lt}."),
    "string_too_long": later("{field}: it may have {max_length} characters."),
    "string_too_short": later("{field}: it is empty."),
    "string_pattern_mismatch": later(
        "{field}: begin with a letter or a digit; after it, dots, hyphens and underscores may stand, too."
    ),
    "too_long": later("{field}: there may be {max_length}."),
    "int_parsing": later("{field}: it must be a whole number."),
    "int_from_float": later("{field}: it must be a whole number."),
    "int_type": later("{field}: it must be a whole number."),
    "float_parsing": later("{field}: it must be a number, such as 0.5."),
    "finite_number": later("{field}: it must be a number, such as 0.5."),
}


def template(name: str) -> str:
    return (TEMPLATES / f"{name}.html").read_text(encoding="utf-8")


def sentence(error: ValidationError) -> str:
    """The first fault, for a person; in the language that is spoken, if it is one that people come upon."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = next((str(name) for name in reversed(fault["loc"]) if isinstance(name, str)), "this")
    field = say(CALLED.get(place) or place.replace("_", " ").capitalize())
    if known := FAULTS.get(fault["type"]):
        return say(known, field=field, **{name: _plain(bound) for name, bound in fault.get("ctx", {}).items()})
    return f"{field}: {fault['msg'][:1].lower()}{fault['msg'][1:]}."


def _plain(bound: object) -> object:
    """A bound as people write it: 1, not 1.0."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound
