"""What the pages share: who looks, how our scripts are loaded, our templates, and faults in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio.visitors import Visitor

TEMPLATES = Path(__file__).parent.parent / "templates"

#: Says which visitor a request comes from.
Who = Callable[[Any], Visitor]

#: Runs a module of ours when the component is there; the module is loaded by its address, relative to where the app is.
MOUNT = """
const base = new URL((window.gradio_config?.root ?? "").replace(/\\/*$/, "/") || "./", document.baseURI);
import(new URL("studio/js/%s.js", base).href).then((module) => module.mount(element, server));
"""


def template(name: str) -> str:
    return (TEMPLATES / f"{name}.html").read_text(encoding="utf-8")


def sentence(error: ValidationError) -> str:
    """The first fault, for a person."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = next((str(name) for name in reversed(fault["loc"]) if isinstance(name, str)), "This")
    return f"{place.replace('_', ' ').capitalize()}: {fault['msg'][:1].lower()}{fault['msg'][1:]}."
