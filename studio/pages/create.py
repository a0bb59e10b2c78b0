"""The first page: a request becomes a story that is planned, drawn and judged before one's eyes, and edited while it is.

What a person asks for is asked with Gradio's own fields. The storyboard and the shelf are two custom components whose
scripts (``assets/js``) ask the server functions below for what has changed, so that nothing a person holds is redrawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import TypeAdapter, ValidationError

from core.commands import Command
from core.errors import NotFound, StudioError
from studio.controller import Controller
from studio.pages.composer import compose
from studio.pages.parts import MOUNT, Who, sentence, template
from studio.storyboard import shelf_of

if TYPE_CHECKING:
    from core.images import ImageStore

COMMAND: TypeAdapter[Command] = TypeAdapter(Command)


def create_page(controller: Controller, images: ImageStore, who: Who) -> None:
    """Builds the page into the open Blocks. ``who`` says which visitor a request comes from."""
    with gr.Sidebar(width=300, elem_id="shelf", label="Your stories"):
        gr.HTML(
            html_template=template("shelf_frame"),
            js_on_load=MOUNT % "shelf",
            server_functions=[_shelf(controller, who)],
            apply_default_css=False,
        )
    compose(controller, images, who)
    gr.HTML(
        html_template=template("frame"),
        js_on_load=MOUNT % "studio",
        server_functions=[_look(controller, who), _send(controller, who)],
        apply_default_css=False,
        elem_id="storyboard",
    )


# ---------------------------------------------------------------- what the scripts ask


def _look(controller: Controller, who: Who) -> Callable[..., dict[str, Any]]:
    def look(call: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """What has changed of a story since the page last looked."""
        try:
            news = controller.look(str(call.get("story", "")), str(call.get("seen", "")), who(request))
        except NotFound:
            return {"gone": "This story is not here (any more). Begin a new one, or choose one from the shelf."}
        except StudioError as error:
            return {"gone": str(error)}
        return {"news": news, "now": time.time()}

    return look


def _send(controller: Controller, who: Who) -> Callable[..., dict[str, str]]:
    def send(call: dict[str, Any], request: gr.Request) -> dict[str, str]:
        """Does what a person wishes of a story; ``error`` says why not."""
        try:
            command = COMMAND.validate_python(call.get("command"))
            controller.send(str(call.get("story", "")), command, who(request))
        except ValidationError as error:
            return {"error": sentence(error)}
        except StudioError as error:
            return {"error": str(error)}
        return {}

    return send


def _shelf(controller: Controller, who: Who) -> Callable[..., str]:
    def shelf(call: dict[str, Any], request: gr.Request) -> str:
        """The stories on the visitor's shelf, as markup."""
        search = str(call.get("search", ""))[:200]
        return shelf_of(controller.shelf(who(request), search), str(call.get("here", "")), search)

    return shelf
