"""The first page: a request becomes a story that is planned, drawn and judged before one's eyes, and edited while it is.

What a person asks for is asked with Gradio's own fields. The storyboard and the shelf are two custom components whose
scripts (``assets/js``) ask the server for what has changed, so that nothing a person holds is redrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from studio.pages.answers import answers, shelf
from studio.pages.composer import compose
from studio.pages.parts import MOUNT, Who
from studio.storyboard import frame_of

if TYPE_CHECKING:
    from core.images import ImageStore
    from studio.controller import Controller


def create_page(controller: Controller, images: ImageStore, who: Who) -> None:
    """Builds the page into the open Blocks. ``who`` says which visitor a request comes from."""
    with gr.Sidebar(width=300, elem_id="shelf", label="Your stories"):
        gr.HTML(
            html_template=frame_of("shelf_frame"),
            js_on_load=MOUNT % "shelf",
            server_functions=[shelf(controller, who)],
            apply_default_css=False,
        )
    compose(controller, images, who)
    gr.HTML(
        html_template=frame_of("frame"),
        js_on_load=MOUNT % "studio",
        server_functions=answers(controller, who),
        apply_default_css=False,
        elem_id="storyboard",
    )
