"""Reads what the composer's fields hold into what a story is asked with. Knows no component.

Nothing of it is trusted: only files that were uploaded can be named, and no picture is decoded before the image store has
looked at its header. A fault is one sentence that says which field it is in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.processing_utils import save_url_to_cache
from gradio.utils import get_upload_folder
from pydantic import ValidationError

from core.errors import BadImage, CommandError, Sentence, StudioError
from core.types import MAX_GIVEN, MAX_PICTURES, Given, ImageRef, Notes, Policy, Request
from studio.pages.parts import sentence
from studio.speech import later, say

if TYPE_CHECKING:
    from core.images import ImageStore

Form = Mapping[str, Any]

TOO_MANY = {
    "images": later("At most {most} pictures fit into a story's beginning: remove some."),
    "given": later("At most {most} pieces fit into a story's beginning: remove some."),
    "references": later("At most {most} reference pictures fit into a story's beginning: remove some."),
}


def request_of(form: Form, images: ImageStore) -> Request:
    """What is asked for; keeps its pictures. ``BadImage`` or ``CommandError`` say what is wrong with it."""
    pieces = [piece for piece in _some(form, "given", MAX_GIVEN) if isinstance(piece, dict)]
    return Request(
        text=_words(form, "text"),
        images=_kept(images, _some(form, "images", MAX_PICTURES), later("Picture {number}")),
        given=tuple(given for number, piece in enumerate(pieces, start=1) if (given := _given(images, piece, number))),
        references=_kept(images, _some(form, "references", MAX_PICTURES), later("Reference picture {number}")),
        notes=Notes(**{name: _words(form, name) for name in Notes.model_fields}),
        answer=form.get("answer") or "pictures",
        seed=int(form.get("seed") or 0),
    )


def policy_of(form: Form, policy: Policy) -> Policy:
    """The policy with what the settings say in place of its own."""
    said = {name: form[name] for name in ("max_attempts", "candidates", "on_exhausted", "review") if form.get(name) is not None}
    if "threshold" in form:
        said["threshold"] = float(form["threshold"]) if form["threshold"] else None
    return Policy.model_validate({**policy.model_dump(), **said})


@contextmanager
def faults_said() -> Iterator[None]:
    """Turns what is wrong with a wish into a sentence that Gradio shows."""
    try:
        yield
    except ValidationError as error:
        raise _shown(sentence(error)) from error
    except StudioError as error:
        raise _shown(say(error.sentence)) from error


def _shown(sentence: str) -> gr.Error:
    """The title is the one that Gradio's toasts have, whatever one gives them; the page's script translates it."""
    return gr.Error(sentence, title="Error", print_exception=False)


def uploaded(file: Any) -> Path:
    """Where an uploaded file lies. Whatever else is named is refused, so that no other file of this machine can be read."""
    try:
        path = Path(FileData.model_validate(file, context={"validate_meta": True}).path).resolve()
    except (ValidationError, ValueError) as error:
        raise BadImage("This is not a picture that was uploaded.") from error
    if not path.is_relative_to(Path(get_upload_folder()).resolve()):
        raise BadImage("This is not a picture that was uploaded.")
    return path


def _given(images: ImageStore, piece: Mapping[str, Any], number: int) -> Given | None:
    """One piece of the sequence; None if it is empty."""
    text, picture = _words(piece, "text"), piece.get("picture")
    image = _keep(images, picture, Sentence("Piece {number} of the sequence", number=number)) if picture else None
    return Given(text=text, image=image) if text or image else None


def _kept(images: ImageStore, files: Sequence[Any], what: str) -> tuple[ImageRef, ...]:
    return tuple(_keep(images, file, Sentence(what, number=number)) for number, file in enumerate(files, start=1))


def _keep(images: ImageStore, file: Any, what: Sentence) -> ImageRef:
    try:
        return _imported(images, file)
    except BadImage as error:
        raise BadImage("{what}: {why}", what=what, why=error.sentence) from error


def _imported(images: ImageStore, file: Any) -> ImageRef:
    """Keeps an uploaded file, or what a text stands for: MCP clients send ``data:`` addresses, addresses on the web, or paths."""
    if not isinstance(file, str):
        return images.import_upload(uploaded(file))
    if file.startswith("data:image/"):
        try:
            return images.import_upload(base64.b64decode(file.partition(";base64,")[2], validate=True))
        except binascii.Error as error:
            raise BadImage("Its data address is not base64.") from error
    if file.startswith(("http://", "https://")):
        with TemporaryDirectory() as folder:
            return images.import_upload(_fetched(file, folder))
    return images.import_upload(uploaded({"path": file, "meta": {"_type": "gradio.FileData"}}))


def _fetched(address: str, folder: str) -> Path:
    try:
        return Path(save_url_to_cache(address, folder))  # refuses addresses inside this network
    except Exception as error:  # whatever a foreign server does
        raise BadImage("It can't be fetched from this address.") from error


def _some(form: Form, name: str, most: int) -> Sequence[Any]:
    """The values of a field that holds several; checked for their number before any of them is looked at."""
    values = form.get(name) or []
    if not isinstance(values, list) or len(values) > most:
        raise CommandError(TOO_MANY[name], most=most)
    return values


def _words(form: Form, name: str) -> str:
    return str(form.get(name) or "").strip()
