"""The page of a person's own account: the tokens by which their programs are them, made and taken back.

Its scripts are ``assets/js/account.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import gradio as gr
from pydantic import Field

from core.store.tickets import MOST_LABEL
from core.types import Value
from studio.pages.answers import Answer, Call, answering
from studio.pages.parts import MOUNT, Who
from studio.storyboard import frame_of, tokens_of

if TYPE_CHECKING:
    from studio.tokens import Tokens
    from studio.visitors import Visitor

TITLE, ADDRESS = "Your account", "account"


class About(Value):
    """The token that something is asked about, or what a new one is for."""

    token: str = Field(default="", max_length=40)
    label: str = Field(default="", max_length=MOST_LABEL)


def account_page(tokens: Tokens, who: Who) -> None:
    """Builds the page into the open route. ``who`` says which visitor a request comes from."""
    gr.HTML(
        html_template=frame_of("account_frame"),
        js_on_load=MOUNT % "account",
        server_functions=wishes(tokens, who),
        apply_default_css=False,
        elem_id="account",
    )


def wishes(tokens: Tokens, who: Who) -> list[Callable[..., Answer]]:
    """The server functions of the page, by their names."""

    def look(call: Call, visitor: Visitor) -> Answer:
        return {"markup": tokens_of(tokens.of(visitor)), "name": visitor.name}

    def make(call: Call, visitor: Visitor) -> Answer:
        return {"secret": tokens.make(About.model_validate(call).label, visitor)}

    def revoke(call: Call, visitor: Visitor) -> Answer:
        tokens.revoke(About.model_validate(call).token, visitor)
        return {}

    return [answering(do, who) for do in (look, make, revoke)]
