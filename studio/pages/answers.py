"""What the story page's scripts ask the server: what has changed, what a change would cost, and what a person wishes.

Every answer is a small dictionary; where something can't be done, its ``error`` is the sentence that says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import TypeAdapter, ValidationError

from core.commands import Command
from core.errors import NotFound, StudioError
from core.types import AttemptKey
from studio.pages.links import sharings
from studio.pages.parts import Who, sentence
from studio.speech import preferred, say, speaking
from studio.storyboard import shelf_of, versus_of
from studio.visitors import Visitor

if TYPE_CHECKING:
    from studio.controller import Controller

Call = dict[str, Any]
Answer = dict[str, Any]
Do = Callable[[Call, Visitor], Answer]
COMMAND: TypeAdapter[Command] = TypeAdapter(Command)


def answers(controller: Controller, who: Who) -> list[Callable[..., Answer]]:
    """The server functions of the storyboard, by their names."""

    def look(call: Call, visitor: Visitor) -> Answer:
        try:
            news = controller.look(_text(call, "story"), _text(call, "seen"), visitor)
        except NotFound:
            return {"gone": say("This story is not here (any more). Begin a new one, or choose one from the shelf.")}
        except StudioError as error:
            return {"gone": say(error.sentence)}
        return {"news": news, "now": time.time()}

    def weigh(call: Call, visitor: Visitor) -> Answer:
        lost = controller.weigh(_text(call, "story"), COMMAND.validate_python(call.get("command")))
        return {"loses": [{"number": number, "title": title} for number, title in lost]}

    def branch(call: Call, visitor: Visitor) -> Answer:
        attempt = AttemptKey.model_validate(call["attempt"]) if call.get("attempt") else None
        return {"story": controller.branch(_text(call, "story"), attempt, visitor)}

    def versus(call: Call, visitor: Visitor) -> Answer:
        pair = controller.versus(_text(call, "story"), _text(call, "other"))
        return {"markup": versus_of(*pair) if pair else ""}

    asked = (look, weigh, sends_of(controller), branch, versus, *exports_of(controller), *sharings(controller.sharing))
    return [answering(do, who) for do in asked]


def shelf(controller: Controller, who: Who) -> Callable[..., str]:
    """The server function of the shelf: the visitor's stories, as markup."""

    def shelf(call: Call, request: gr.Request) -> str:
        search = _text(call, "search")[:200]
        with speaking(preferred(request.headers.get("accept-language", ""))):
            return shelf_of(controller.shelf(who(request), search), _text(call, "here"), search)

    return shelf


def sends_of(controller: Controller) -> Do:
    """What takes a person's command about one story."""

    def send(call: Call, visitor: Visitor) -> Answer:
        controller.send(_text(call, "story"), COMMAND.validate_python(call.get("command")), visitor)
        return {}

    return send


def exports_of(controller: Controller) -> list[Do]:
    """What makes a file of a story: begins it, says how far it is, gives it up."""

    def export(call: Call, visitor: Visitor) -> Answer:
        return {"job": controller.export(_text(call, "story"), _text(call, "format"), visitor)}

    def exporting(call: Call, visitor: Visitor) -> Answer:
        job = controller.exporting(_text(call, "job"), visitor)
        told = {"state": job.state, "done": job.done, "total": job.total}
        told |= {"message": say(job.message), "warnings": [say(warning) for warning in job.warnings]}
        return told | ({"address": f"exports/{job.id}"} if job.state == "done" else {})

    def give_up(call: Call, visitor: Visitor) -> Answer:
        controller.give_up(_text(call, "job"), visitor)
        return {}

    return [export, exporting, give_up]


def answering(do: Do, who: Who) -> Callable[..., Answer]:
    """The server function that does this for whoever asks, and answers with a sentence where it can't be done."""

    # Gradio reads the signature to see that the request is wanted, and takes the name as the script's.
    def answering(call: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            try:
                return do(call, who(request))
            except ValidationError as error:
                return {"error": sentence(error)}
            except StudioError as error:
                return {"error": say(error.sentence)}

    answering.__name__ = do.__name__
    return answering


def _text(call: Call, name: str) -> str:
    return str(call.get(name) or "")
