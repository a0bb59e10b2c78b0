"""Where a story is asked for: the request first; folded below it pictures, notes and settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component

from core.types import Policy
from studio.controller import Controller, Telling
from studio.pages.desk import faults_said, policy_of, request_of
from studio.pages.parts import MOUNT, Who, template
from studio.pages.trays import pictures_to_go_on_from, reference_pictures, sequence
from studio.speech import later, preferred, say, speaking

if TYPE_CHECKING:
    from core.images import ImageStore

MAX_SEED = 2**31 - 1

#: The first is the one that the README tells people to type. The pocket models tell each within a minute.
EXAMPLES = (
    "A cat finds a red balloon by the sea",
    "Mila the rabbit builds a snowman in the mountains",
    "A duck and a frog fly a kite in the meadow, in four pictures",
    "How to decorate a garden for a party, step by step",
    "A bear looks for stars in the forest at night",
)

#: What a note is called, what it is for, and an example of it.
NOTES = {
    "style": (later("Style"), later("How all pictures look."), later("Watercolour with soft edges, warm light")),
    "characters": (
        later("Characters"),
        later("Who appears, and how they look."),
        later("Mila, a small orange cat with a blue scarf"),
    ),
    "avoid": (later("To avoid"), later("What is never to be shown."), later("People, writing, rain")),
    "language": (
        later("Language of the captions"),
        later("Prompts for the painter stay in English."),
        "English, Deutsch, français …",
    ),
}

#: As the storyboard says it: the least P(success) that passes.
STRICTNESS = [
    (later("when the critic says so"), ""),
    (later("at 30 % success: mild"), "0.3"),
    (later("at 50 % success"), "0.5"),
    (later("at 80 % success: strict"), "0.8"),
    (later("at 95 % success: very strict"), "0.95"),
]
EXHAUSTED = [(later("keep the best"), "best"), (later("keep the last"), "last"), (later("wait for me"), "pause")]

Fields = dict[str, Component]


def compose(controller: Controller, images: ImageStore, who: Who) -> None:
    """Builds the fields into the open Blocks."""
    with gr.Column(elem_id="composer"):
        gr.HTML(template("welcome"), apply_default_css=False, js_on_load=MOUNT % "desk")
        with gr.Column(elem_id="desk"):
            text, by, start = _request(controller.telling())
            fields, marks = _folds(controller)
        _examples(text)
        gr.HTML(template("lesson"), apply_default_css=False, js_on_load=None)
    _wire(controller, images, who, {"text": text, **fields}, start)
    # What a dropdown shows is the value of an input, where no script can translate it: it gets its choices in one's language.
    gr.on(
        None,
        _choices,
        None,
        [fields["threshold"], fields["on_exhausted"]],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    told = {telling.profile: f"Told by **{telling.title}**" for telling in controller.tellings}
    fields["profile"].change(  # type: ignore[attr-defined]
        None, fields["profile"], by, js=f"(name) => ({json.dumps(told)})[name]", api_visibility="private"
    )
    fields["profile"].change(  # type: ignore[attr-defined]
        lambda name: _marked(controller.telling(name)),
        fields["profile"],
        marks,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


# ---------------------------------------------------------------- fields


def _request(telling: Telling) -> tuple[gr.Textbox, gr.Markdown, gr.Button]:
    text = gr.Textbox(
        label="What is the story about?",
        placeholder=EXAMPLES[0],
        lines=3,
        max_lines=10,
        max_length=8000,
        elem_id="request",
        autofocus=True,
    )
    with gr.Row(elem_id="go", equal_height=True):
        by = gr.Markdown(f"Told by **{telling.title}**", elem_classes="profile")
        start = gr.Button("Tell the story", variant="primary", elem_id="start", scale=0, min_width=200)
    return text, by, start


def _folds(controller: Controller) -> tuple[Fields, list[Component]]:
    """What may be said beyond the request, and the components that mark what the models are not told."""
    telling = controller.telling()
    with gr.Accordion("Pictures", open=False, elem_id="pictures", elem_classes="fold"):
        pictures, unseen = _pictures(telling)
    with gr.Accordion("Notes", open=False, elem_id="notes", elem_classes="fold"):
        gr.Markdown("They hold for the whole story.", elem_classes="fold-hint")
        with gr.Row(elem_classes="pairs"):
            notes: Fields = {name: _note(name, telling) for name in NOTES}
    with gr.Accordion("Settings", open=False, elem_id="settings", elem_classes="fold"):
        settings = _settings(controller)
    return {**pictures, **notes, **settings}, [*notes.values(), unseen]


def _pictures(telling: Telling) -> tuple[Fields, gr.HTML]:
    with gr.Row(elem_classes="pairs"):
        with gr.Column(min_width=260):
            images = pictures_to_go_on_from()
        with gr.Column(min_width=260):
            references = reference_pictures()
            unseen = gr.HTML(_unseen(telling), apply_default_css=False, js_on_load=None, elem_id="unseen")
    given = sequence()
    answer = gr.Radio(
        [(later("Pictures and words"), "pictures"), (later("Words only"), "text")],
        value="pictures",
        label="Answer with",
        info="Words only: the story goes on as text, and nothing is drawn.",
        elem_id="answer",
    )
    return {"images": images, "references": references, "given": given, "answer": answer}, unseen


def _note(name: str, telling: Telling) -> gr.Textbox:
    label, _, example = NOTES[name]
    return gr.Textbox(
        label=label,
        placeholder=example,
        lines=1 if name == "language" else 2,
        max_lines=6,
        max_length=60 if name == "language" else 8000,
        min_width=260,
        elem_id=f"note-{name}",
        **_mark(name, telling),
    )


def _settings(controller: Controller) -> Fields:
    telling, policy = controller.telling(), controller.telling().policy
    with gr.Row(elem_classes="pairs"):
        attempts = _count(
            "Attempts a step", 20, policy.max_attempts, later("Drawings that a step may cost, candidates included.")
        )
        candidates = _count("Candidates", 8, policy.candidates, later("Drawn at a time with other seeds; the best goes on."))
        threshold = gr.Dropdown(
            STRICTNESS,
            value=_strictness(policy),
            label="A picture passes",
            info="How sure the critic must be of it.",
            elem_id="threshold",
            filterable=False,
            min_width=260,
        )
        exhausted = gr.Dropdown(
            EXHAUSTED,
            value=policy.on_exhausted,
            label="If none passes",
            info="What happens when a step's attempts are used up.",
            elem_id="exhausted",
            filterable=False,
            min_width=260,
        )
        profile = gr.Dropdown(
            [(each.title, each.profile) for each in controller.tellings],
            value=telling.profile,
            label="Told by",
            info="The models whose weights are on this machine.",
            elem_id="profile",
            filterable=False,
            min_width=260,
        )
        with gr.Row(elem_id="luck", equal_height=True):
            seed = gr.Number(
                0, label="Seed", info="The same seed tells the same story.", precision=0, minimum=0, maximum=MAX_SEED
            )
            dice = gr.Button("⚄ Roll", elem_id="dice", size="sm", scale=0, min_width=90)
    review = gr.Checkbox(
        policy.review, label="Wait for me", info="The story rests after the plan and each verdict until you go on."
    )
    dice.click(None, None, seed, js="() => Math.floor(Math.random() * 2147483647)", api_visibility="private")
    return {
        "max_attempts": attempts,
        "candidates": candidates,
        "threshold": threshold,
        "on_exhausted": exhausted,
        "profile": profile,
        "seed": seed,
        "review": review,
    }


def _choices(request: gr.Request) -> list[Any]:
    """The dropdowns with their labels in the visitor's language; the values stay."""
    with speaking(preferred(request.headers.get("accept-language", ""))):
        return [gr.update(choices=[(say(label), value) for label, value in choices]) for choices in (STRICTNESS, EXHAUSTED)]


def _count(label: str, most: int, value: int, info: str) -> gr.Slider:
    return gr.Slider(1, most, value, step=1, label=label, info=info, buttons=[], min_width=260)


def _strictness(policy: Policy) -> str:
    now = "" if policy.threshold is None else f"{policy.threshold:g}"
    return now if now in dict(STRICTNESS).values() else ""


def _examples(text: gr.Textbox) -> None:
    with gr.Row(elem_id="examples"):
        for example in EXAMPLES:
            chip = gr.Button(example, size="sm", elem_classes="chip", scale=0, min_width=0)
            chip.click(None, None, text, js=f"() => {json.dumps(example)}", api_visibility="private")


# ---------------------------------------------------------------- what the models are not told


def _marked(telling: Telling) -> list[Any]:
    """The notes and the reference pictures, with a mark on those that the chosen models are not told of."""
    return [*(gr.update(**_mark(name, telling)) for name in NOTES), _unseen(telling)]


def _mark(name: str, telling: Telling) -> dict[str, Any]:
    heeded = name in telling.heeds
    info = NOTES[name][1] if heeded else later("These models are not told of this.")
    return {"info": info, "elem_classes": ["note"] if heeded else ["note", "unheeded"]}


def _unseen(telling: Telling) -> str:
    if telling.shows_references:
        return ""
    return f'<p class="unheeded">{later("The planner of these models does not look at them.")}</p>'


# ---------------------------------------------------------------- a story begins


def _wire(controller: Controller, images: ImageStore, who: Who, fields: Fields, start: gr.Button) -> None:
    opened = gr.Textbox(visible="hidden", elem_id="opened")
    begun = start.click(
        _begin(controller, images, who, tuple(fields)),
        list(fields.values()),
        opened,
        preprocess=False,
        concurrency_limit=None,
        show_progress="hidden",
        api_visibility="private",
    )
    emptied = {"text": "", "images": [], "references": [], "given": [], "answer": "pictures", **dict.fromkeys(NOTES, "")}
    begun.success(
        None,
        opened,
        [fields[name] for name in emptied],
        js=f"""(story) => {{
            window.dispatchEvent(new CustomEvent('studio:open', {{ detail: story }}));
            return {json.dumps(list(emptied.values()))};
        }}""",
        api_visibility="private",
    )


def _begin(controller: Controller, images: ImageStore, who: Who, names: tuple[str, ...]) -> Callable[..., str]:
    def begin(request: gr.Request, *values: Any) -> str:
        """Opens a story with what the fields hold; nothing that was typed is lost if it can't be."""
        form = dict(zip(names, values, strict=True))
        with speaking(preferred(request.headers.get("accept-language", ""))), faults_said():
            asked = request_of(form, images)
            telling = controller.telling(str(form["profile"]))
            return controller.open(asked, policy_of(form, telling.policy), who(request), telling.profile)

    return begin
