"""The composer's own fields, where Gradio has none that serve: trays of pictures in order, and a sequence to go on from.

Their scripts (``assets/js/tray.js``, ``sequence.js``) send each picture as it is put in; a field's value names the files.
"""

from __future__ import annotations

import gradio as gr

from core.types import MAX_GIVEN, MAX_PICTURES
from studio.pages.parts import MOUNT, template
from studio.speech import later

#: As ``MOUNT``, but the module is given what a field needs: its value, what sends a file, and news of the value.
_FIELD = MOUNT.replace("mount(element, server, trigger)", "mount(element, { props, upload, watch })")


def pictures_to_go_on_from() -> gr.HTML:
    """A tray whose last picture is the first step's source. What is dropped anywhere on the desk comes here."""
    return _tray(
        later("Pictures to go on from"),
        later("The story starts from the last of them: its first step is drawn on it."),
        elem_id="start-pictures",
        flags="data-ordered",
    )


def reference_pictures() -> gr.HTML:
    return _tray(
        later("Reference pictures"),
        later("A character or a style to look at. They are never drawn on."),
        elem_id="references",
        flags="",
    )


def sequence() -> gr.HTML:
    """A list of pieces; its value is a list of ``{"text": …, "picture": a file or None}``."""
    return gr.HTML(
        value=[],
        html_template=template("sequence"),
        js_on_load=_FIELD % "sequence",
        apply_default_css=False,
        elem_id="sequence",
        most=MAX_GIVEN,
    )


def _tray(heading: str, hint: str, elem_id: str, flags: str) -> gr.HTML:
    return gr.HTML(
        value=[],
        html_template=template("tray"),
        js_on_load=_FIELD % "tray",
        apply_default_css=False,
        elem_id=elem_id,
        heading=heading,
        hint=hint,
        flags=flags,
        most=MAX_PICTURES,
    )
