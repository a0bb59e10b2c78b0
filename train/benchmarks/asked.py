"""A request of a benchmark that has pictures or a sequence to go on from, which a file of prompts has no room for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.images import ImageStore
from core.types import Given, Request
from train.collect import Prompt

Picture = Path | bytes  # a picture's file
Piece = tuple[str, Picture | None]  # a text, and a picture that it goes with


@dataclass(frozen=True)
class Asked(Prompt):
    """``pictures`` are to be edited, ``given`` is a sequence to go on from. Made by :func:`asked`."""

    pictures: tuple[Picture, ...] = ()
    given: tuple[Piece, ...] = ()

    def request(self, pictures: ImageStore, seed: int) -> Request:
        images = tuple(map(pictures.import_upload, self.pictures))
        given = tuple(Given(text=text, image=pictures.import_upload(file) if file else None) for text, file in self.given)
        return Request(text=self.text, images=images, given=given, seed=seed)


def asked(number: int, name: str, text: str, pictures: tuple[Picture, ...] = (), given: tuple[Piece, ...] = ()) -> Asked:
    """The request. Its story's id follows from all of it: from the names of its pictures, or from what is in them."""
    shown = [_named(each) for each in pictures] + [(text, _named(file) if file else "") for text, file in given]
    return Asked(number, name, text, image_name=repr(shown) if shown else "", pictures=pictures, given=given)


def _named(file: Picture) -> str:
    return hashlib.sha256(file).hexdigest() if isinstance(file, bytes) else f"{file.parent.name}/{file.name}"
