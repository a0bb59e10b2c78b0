"""The studio for programs: three endpoints for ``gradio_client`` and plain HTTP, which are also the tools of an MCP server.

A story belongs to whom the call comes from, as on a page, and whoever knows a story's id can look at it, as on a page.
Pictures are named by the studio's own addresses. An exported file goes through Gradio's cache for the one who asked: its
address has the hash of its content in it, can't be guessed, asks for a sign-in where people sign in, and is gone in a day.
"""

# No "from __future__ import annotations": Gradio makes the endpoints' types of the annotations as they are.

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import api
from gradio.processing_utils import save_file_to_cache
from gradio.route_utils import API_PREFIX, get_root_url
from gradio.utils import get_upload_folder
from gradio_client import Client

from core.errors import CommandError
from core.types import Notes
from studio.cards import CardView
from studio.controller import Controller, Telling
from studio.export.jobs import Job
from studio.gate import INSIDE
from studio.pages.desk import faults_said, policy_of, request_of
from studio.pages.parts import Who
from studio.signin import Door
from studio.view import View

if TYPE_CHECKING:
    from core.images import ImageStore

#: What a format is called here, and in :mod:`studio.export`.
FORMATS = {"html": "html", "pdf": "pdf", "epub": "epub", "zip": "pictures", "md": "markdown", "story": "story"}
BETWEEN_LOOKS = 0.1  # seconds
STATES = {"busy": "working", "waiting": "waiting", "paused": "paused", "turn": "your turn", "done": "done", "bad": "stuck"}


class Begun(TypedDict):
    """A story that was begun; ``untold`` has a sentence for each note that its models are not told of."""

    story_id: str
    address: str
    untold: list[str]


class Step(TypedDict):
    """One step; ``picture`` is the address of its picture, empty while there is none."""

    title: str
    prompt: str
    caption: str
    badge: str
    attempts: int
    picture: str


class Status(TypedDict):
    """How a story is."""

    state: str
    says: str
    steps: list[Step]
    done: int
    total: int
    seconds: float
    left: str


def lend_inside(app: gr.Blocks, door: Door) -> None:
    """Lets the MCP server, which calls the studio's own addresses, past the door. Who calls is still who called it."""
    server = app.mcp_server_obj
    assert server is not None
    headers = {"x-gradio-user": "mcp", INSIDE.decode(): door.inside}
    # Gradio would make this client itself, with the first header alone, when somebody calls a tool first.
    server._client_instance = Client(
        app.local_url, download_files=False, verbose=False, analytics_enabled=False, _skip_components=False, headers=headers
    )


def publish(controller: Controller, images: "ImageStore", who: Who) -> None:
    """Adds the endpoints to the open Blocks."""
    # All go through the queue: whatever doesn't, an MCP client could call without having signed in.
    api(_create_story(controller, images, who), concurrency_limit=None)
    api(_story_status(controller), concurrency_limit=None)
    api(_story_export(controller, who), concurrency_limit=4)


# The docstrings below are what an MCP client shows; Gradio reads one line a parameter, and puts commas between what is returned.


def _create_story(controller: Controller, images: "ImageStore", who: Who) -> Callable[..., Begun]:
    def create_story(
        caller: gr.Request,
        request: str,
        pictures: list[FileData] | None = None,
        max_attempts: int | None = None,
        candidates: int | None = None,
        seed: int = 0,
        profile: str = "",
        style: str = "",
        characters: str = "",
        avoid: str = "",
        language: str = "",
    ) -> Begun:
        """
        Begins an illustrated story and returns at once. A planner turns the request into a few steps, a painter draws each
        step on the picture before it, and a critic has it drawn again until it is right. Then ask story_status every few
        seconds until the state is "done", and call story_export. The address shows the story in a browser, also while it is
        being told; a person can change it there.

        Parameters:
            request: What to tell or to explain, e.g. "A cat finds a red balloon by the sea, in four pictures".
            pictures: Up to 8 pictures (PNG, JPEG, WebP) to go on from; the first step is drawn on the last of them.
            max_attempts: Drawings that one step may cost, 1 to 20. Leave it out for what suits the models.
            candidates: Drawings of a step at a time, 1 to 8; the best goes on. Leave it out for what suits the models.
            seed: A whole number from 0 on. The same request, settings and seed tell the same story.
            profile: The name of the models that tell it. Leave it empty for the studio's own choice.
            style: How all pictures look, e.g. "watercolour with soft edges".
            characters: Who appears and how they look, e.g. "Mila, a small orange cat with a blue scarf".
            avoid: What must never be shown.
            language: The language of the captions, e.g. "German". Leave it empty for that of the request.
        Returns:
            story_id for the other two tools
            the address of the story's page
            and untold: a sentence for each note that these models are not told of
        """
        form = {
            **{"text": request, "images": pictures, "seed": seed, "max_attempts": max_attempts, "candidates": candidates},
            **{"style": style, "characters": characters, "avoid": avoid, "language": language},
        }
        with faults_said():
            visitor = who(caller)
            if not visitor.name:
                raise CommandError(
                    "This studio is shared, and nothing in your call says whose the story would be. Open its page once, keep the "
                    "cookie studio_guest that it sets, and send that with every call."
                )
            telling = controller.telling(profile or None)
            asked = request_of(form, images)
            story = controller.open(asked, policy_of(form, telling.policy), visitor, telling.profile)
        return {"story_id": story, "address": f"{_root(caller)}/?story={story}", "untold": _untold(asked.notes, telling)}

    return create_story


def _story_status(controller: Controller) -> Callable[..., Status]:
    def story_status(caller: gr.Request, story_id: str) -> Status:
        """
        Says how far a story is. The state is "waiting" for its turn, "working", "done", or one that a person has to end on the
        story's page: "paused", "your turn", "stuck".

        Parameters:
            story_id: What create_story returned.
        Returns:
            the state, and under "says" a sentence about it
            the steps: title, prompt, caption, a badge such as "Accepted", number of attempts, address of the picture
            how many steps are done, of how many in total
            the seconds that models have worked
            and under "left" a guess at how long it still takes
        """
        with faults_said():
            view = controller.view(story_id, live=True)
        header = view.header
        return {
            "state": STATES[header.status.look],
            "says": header.status.sentence,
            "steps": [_step(view, card, _root(caller)) for card in view.cards],
            "done": header.done,
            "total": header.steps,
            "seconds": round(header.seconds, 1),
            "left": header.left,
        }

    return story_status


def _story_export(controller: Controller, who: Who) -> Callable[..., FileData]:
    def story_export(
        caller: gr.Request, story_id: str, format: Literal["html", "pdf", "epub", "zip", "md", "story"] = "pdf"
    ) -> FileData:
        """
        Makes a file of a story, as far as it has been told, and returns the file's address. For the whole story, wait until
        story_status says "done".

        The formats: pdf to print, epub for e-book readers, html for one web page with its pictures inside, zip for the pictures
        alone, md for Markdown with pictures, story for everything, to go on with it in another studio.

        Parameters:
            story_id: What create_story returned.
            format: One of html, pdf, epub, zip, md, story.
        Returns:
            the file
        """
        with faults_said():
            if format not in FORMATS:
                raise CommandError("There is no such format: choose one of {formats}.", formats=", ".join(FORMATS))
            return _kept(_made(controller, controller.export(story_id, FORMATS[format], who(caller))))

    return story_export


def _made(controller: Controller, job_id: str) -> Job:
    """The export, once it is made. ``CommandError`` says why it can't be."""
    while not (job := controller.exporting(job_id)).ended:
        time.sleep(BETWEEN_LOOKS)
    if job.path is None:
        raise CommandError(job.message)
    return job


def _kept(job: Job) -> FileData:
    """The file in Gradio's cache, under its own name, which is the studio's and has plain letters only."""
    assert job.path is not None
    with TemporaryDirectory() as folder:
        named = Path(shutil.copyfile(job.path, Path(folder) / job.file_name))
        kept = save_file_to_cache(named, get_upload_folder())  # what is there, Gradio copies no second time
    return FileData(path=kept, orig_name=job.file_name, mime_type=job.media_type).model_dump()  # type: ignore[return-value]


def _step(view: View, card: CardView, root: str) -> Step:
    shown = card.picture if card.attempts else None
    return {
        "title": card.title,
        "prompt": card.prompt,
        "caption": card.caption,
        "badge": card.badge.label,
        "attempts": len(card.attempts),
        "picture": f"{root}/pictures/{view.story}/{shown.sha256}.png" if shown else "",
    }


def _untold(notes: Notes, telling: Telling) -> list[str]:
    said = [name for name, text in notes if text and name not in telling.heeds]
    return [f"The {telling.title} models are not told of this note: {name}." for name in said]


def _root(caller: Any) -> str:
    """The studio's address as the caller knows it, also behind a proxy."""
    request = caller.request
    route = request.url.path[request.url.path.find(API_PREFIX) :]
    return get_root_url(request, route, None)
