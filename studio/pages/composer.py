"""Where a story is asked for: the request, what it starts from, and the settings, in Gradio's own fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from core.errors import StudioError
from core.types import ImageRef, Policy, Request
from studio.controller import Controller
from studio.pages.parts import Who, sentence, template

if TYPE_CHECKING:
    from core.images import ImageStore

MAX_SEED = 2**31 - 1

#: The first is the one that the README tells people to type.
EXAMPLES = (
    "A cat finds a red balloon by the sea",
    "Mila the rabbit builds a snowman in the mountains",
    "A duck and a frog fly a kite in the meadow, in four pictures",
    "How to decorate a garden for a party, step by step",
    "A bear looks for stars in the forest at night",
)


def compose(controller: Controller, images: ImageStore, who: Who) -> None:
    """Builds the fields into the open Blocks."""
    with gr.Column(elem_id="composer"):
        gr.HTML(template("welcome"), apply_default_css=False, js_on_load=None)
        _fields(controller, images, who)
        gr.HTML(template("lesson"), apply_default_css=False, js_on_load=None)


def _fields(controller: Controller, images: ImageStore, who: Who) -> None:
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
            raise gr.Error(sentence(error), title="Not yet", print_exception=False) from error
        except StudioError as error:
            raise gr.Error(str(error), title="Not yet", print_exception=False) from error

    return begin


def _import(images: ImageStore, picture: Any) -> ImageRef:
    """Keeps an uploaded picture. Gradio has checked that the file is one that was uploaded; it is not decoded before here."""
    path = picture["path"] if isinstance(picture, dict) else picture.path
    return images.import_upload(Path(path))
