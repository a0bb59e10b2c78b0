"""The first page: a request becomes a story that is planned, drawn and judged before one's eyes, and edited while it is.

What a person asks for is asked with Gradio's own fields. The storyboard and the shelf are two custom components whose
scripts (``assets/js``) ask the server functions below for what has changed, so that nothing a person holds is redrawn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import TypeAdapter, ValidationError

from core.commands import Command
from core.errors import NotFound, StudioError
from core.types import ImageRef, Policy, Request
from studio.controller import Controller
from studio.storyboard import shelf_of
from studio.visitors import Visitor

if TYPE_CHECKING:
    from core.images import ImageStore

TEMPLATES = Path(__file__).parent.parent / "templates"
COMMAND: TypeAdapter[Command] = TypeAdapter(Command)

MAX_SEED = 2**31 - 1

#: The first is the one that the README tells people to type.
EXAMPLES = (
    "A cat finds a red balloon by the sea",
    "Mila the rabbit builds a snowman in the mountains",
    "A duck and a frog fly a kite in the meadow, in four pictures",
    "How to decorate a garden for a party, step by step",
    "A bear looks for stars in the forest at night",
)

#: Runs a module of ours when the component is there; the module is loaded by its address, relative to where the app is.
MOUNT = """
const base = new URL((window.gradio_config?.root ?? "").replace(/\\/*$/, "/") || "./", document.baseURI);
import(new URL("studio/js/%s.js", base).href).then((module) => module.mount(element, server));
"""

Who = Callable[[Any], Visitor]


def create_page(controller: Controller, images: ImageStore, who: Who) -> None:
    """Builds the page into the open Blocks. ``who`` says which visitor a request comes from."""
    with gr.Sidebar(width=300, elem_id="shelf", label="Your stories"):
        gr.HTML(
            html_template=_template("shelf_frame"),
            js_on_load=MOUNT % "shelf",
            server_functions=[_shelf(controller, who)],
            apply_default_css=False,
        )
    with gr.Column(elem_id="composer"):
        gr.HTML(_template("welcome"), apply_default_css=False, js_on_load=None)
        _composer(controller, images, who)
        gr.HTML(_template("lesson"), apply_default_css=False, js_on_load=None)
    gr.HTML(
        html_template=_template("frame"),
        js_on_load=MOUNT % "studio",
        server_functions=[_look(controller, who), _send(controller, who)],
        apply_default_css=False,
        elem_id="storyboard",
    )


# ---------------------------------------------------------------- the fields


def _composer(controller: Controller, images: ImageStore, who: Who) -> None:
    policy = controller.telling().policy
    titles = {telling.profile: telling.title for telling in controller.tellings}
    with gr.Column(elem_id="desk"):
        text = gr.Textbox(
            label="What is the story about?",
            placeholder="A cat finds a red balloon by the sea",
            lines=3,
            max_lines=10,
            max_length=8000,
            elem_id="request",
            autofocus=True,
        )
        with gr.Accordion("Settings", open=False, elem_id="settings"):
            with gr.Row(equal_height=True):
                attempts = gr.Slider(
                    1,
                    20,
                    policy.max_attempts,
                    step=1,
                    label="Attempts a step",
                    info="If none passes, the best is kept.",
                    buttons=[],
                )
                seed = gr.Number(
                    0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, info="The same seed tells the same story."
                )
                dice = gr.Button("⚄ Roll", elem_id="dice", size="sm", scale=0, min_width=90)
            profile = gr.Dropdown(
                [(title, name) for name, title in titles.items()],
                value=controller.telling().profile,
                label="Told by",
                info="The models. Those whose weights are on this machine can be chosen.",
                elem_id="profile",
                filterable=False,
            )
            review = gr.Checkbox(
                policy.review, label="Wait for me", info="The story rests after the plan and after each verdict, until you go on."
            )
            picture = gr.Image(
                type="filepath",
                label="Start from a picture",
                sources=["upload", "clipboard"],
                height=170,
                elem_id="start-picture",
            )
        with gr.Row(elem_id="go", equal_height=True):
            by = gr.Markdown(f"Told by **{controller.telling().title}**", elem_classes="profile")
            start = gr.Button("Tell the story", variant="primary", elem_id="start", scale=0, min_width=200)
    with gr.Row(elem_id="examples"):
        for example in EXAMPLES:
            chip = gr.Button(example, size="sm", elem_classes="chip", scale=0, min_width=0)
            chip.click(None, None, text, js=f"() => {json.dumps(example)}", api_visibility="private")

    opened = gr.Textbox(visible="hidden", elem_id="opened")
    fields = [text, profile, attempts, review, seed, picture]
    told_by = json.dumps({name: f"Told by **{title}**" for name, title in titles.items()})
    profile.change(None, profile, by, js=f"(name) => ({told_by})[name]", api_visibility="private")
    begun = start.click(
        _begin(controller, images, who),
        fields,
        opened,
        preprocess=False,
        concurrency_limit=None,
        show_progress="hidden",
        api_visibility="private",
    )
    begun.success(
        None,
        opened,
        [text, picture],
        js="(story) => { window.dispatchEvent(new CustomEvent('studio:open', { detail: story })); return ['', null]; }",
        api_visibility="private",
    )
    dice.click(None, None, seed, js="() => Math.floor(Math.random() * 2147483647)", api_visibility="private")


def _begin(controller: Controller, images: ImageStore, who: Who) -> Callable[..., str]:
    def begin(text: Any, profile: Any, attempts: Any, review: Any, seed: Any, picture: Any, request: gr.Request) -> str:
        try:
            start = (_import(images, picture),) if picture else ()
            asked = Request(text=str(text or ""), images=start, seed=int(seed or 0))
            policy = controller.telling(str(profile)).policy.model_copy(
                update={"max_attempts": int(attempts), "review": bool(review)}
            )
            return controller.open(asked, Policy.model_validate(policy.model_dump()), who(request), str(profile))
        except ValidationError as error:
            raise gr.Error(_sentence(error), title="Not yet", print_exception=False) from error
        except StudioError as error:
            raise gr.Error(str(error), title="Not yet", print_exception=False) from error

    return begin


def _import(images: ImageStore, picture: Any) -> ImageRef:
    """Keeps an uploaded picture. Gradio has checked that the file is one that was uploaded; it is not decoded before here."""
    path = picture["path"] if isinstance(picture, dict) else picture.path
    return images.import_upload(Path(path))


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
            return {"error": _sentence(error)}
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


def _sentence(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = next((str(name) for name in reversed(fault["loc"]) if isinstance(name, str)), "This")
    return f"{place.replace('_', ' ').capitalize()}: {fault['msg'][:1].lower()}{fault['msg'][1:]}."


def _template(name: str) -> str:
    return (TEMPLATES / f"{name}.html").read_text(encoding="utf-8")
