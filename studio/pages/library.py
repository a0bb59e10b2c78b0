"""The second page: all of a person's stories, to find, mark, copy, delete, give away and take in.

It is one custom component, as the storyboard is; its scripts (``assets/js/library.js``) ask for stories a page at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from studio.pages.parts import MOUNT, Who
from studio.pages.shelves import Doors, shelves
from studio.storyboard import frame_of

if TYPE_CHECKING:
    from studio.controller import Controller
    from studio.reviewing.access import Access

TITLE, ADDRESS = "Library", "library"


def library_page(controller: Controller, who: Who, access: Access, doors: Doors) -> None:
    """Builds the page into the open route. ``who`` says which visitor a request comes from, ``access`` who may review, and
    ``doors`` who has other pages of their own."""
    gr.HTML(
        html_template=frame_of("library_frame"),
        js_on_load=MOUNT % "library",
        server_functions=shelves(controller, who, access, doors),
        apply_default_css=False,
        elem_id="library",
    )
