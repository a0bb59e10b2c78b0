"""The page of hosts: people, what they have, the line, the disk, the log; sign somebody out, delete their data, hold the models.

It keeps nothing: each look asks the studio again. Its scripts are in ``assets/js/admin.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import gradio as gr
from pydantic import Field

from core.types import Value
from studio.pages.answers import Answer, Call, answering
from studio.pages.parts import MOUNT, Who
from studio.storyboard import admin_of, frame_of

if TYPE_CHECKING:
    from studio.hosting import Hosting
    from studio.visitors import Visitor

TITLE, ADDRESS = "Hosting", "admin"


class About(Value):
    """Whom something is done to; ``typed``: the name once more, by hand. ``on``: whether it begins or ends."""

    person: str = Field(default="", max_length=200)
    typed: str = Field(default="", max_length=200)
    on: bool = True


def admin_page(hosting: Hosting, who: Who) -> None:
    """Builds the page into the open route. ``who`` says which visitor a request comes from."""
    gr.HTML(
        html_template=frame_of("admin_frame"),
        js_on_load=MOUNT % "admin",
        server_functions=wishes(hosting, who),
        apply_default_css=False,
        elem_id="admin",
    )


def wishes(hosting: Hosting, who: Who) -> list[Callable[..., Answer]]:
    """The server functions of the page, by their names."""

    def look(call: Call, visitor: Visitor) -> Answer:
        overview = hosting.overview(visitor)
        return {"markup": admin_of(overview), "held": overview.held}

    def hold(call: Call, visitor: Visitor) -> Answer:
        hosting.hold(About.model_validate(call).on, visitor)
        return {}

    def sign_out(call: Call, visitor: Visitor) -> Answer:
        hosting.sign_out(About.model_validate(call).person, visitor)
        return {}

    def erase(call: Call, visitor: Visitor) -> Answer:
        about = About.model_validate(call)
        return {"stories": hosting.erase(about.person, about.typed, visitor)}

    return [answering(do, who) for do in (look, hold, sign_out, erase)]
