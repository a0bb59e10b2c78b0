"""Lets a story be read by whoever has its link, and by nobody else: who may make links and take them back, and what they open.

A link opens one story as it stands when it is opened, to read it: no other story, not its facts, not its attempts. It is of that
story alone, so that a branch or a copy has none; while the story is deleted it opens nothing, and it does again once the story is
restored. What opens nothing, for whichever reason, looks the same. Guessing costs a growing wait, as at the sign-in.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from core.errors import CommandError, NotFound, Sentence, StoreError
from core.store import Ticket, Tickets
from core.types import ImageRef
from studio.caps import lasting
from studio.gate import address_of
from studio.headers import BARE
from studio.lockout import Lockout
from studio.speech import language, later, preferred, say, speaking
from studio.storyboard import shared_of, unshared_of
from studio.view import View
from studio.visitors import Visitor

if TYPE_CHECKING:
    from core.store import Store
    from studio.caps import Caps
    from studio.controller import Controller

PICTURE = re.compile(r"([0-9a-f]{64})\.png")
#: Nobody learns from a page that is left where a reader came from, no search engine lists it, and a link that was taken back
#: leaves nothing in a browser's cache that is shown without asking.
UNLISTED = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive, noimageindex"}
PAGE = {**UNLISTED, "Content-Security-Policy": BARE, "Cache-Control": "no-store", "Vary": "Accept-Language"}
GONE = later("This link opens nothing: it was taken back, or never was one. Ask whoever gave it to you for another.")


class Sharing:
    """The links to one data folder's stories. A story's links are its owner's."""

    def __init__(self, store: Store, caps: Caps) -> None:
        self._store = store
        self._caps = caps
        self._tickets = Tickets(store.database, "story")

    def links(self, story: str, visitor: Visitor) -> list[Ticket]:
        """The links that open this story, the newest first."""
        self._check(story, visitor)
        return self._tickets.of(story)

    def make(self, story: str, visitor: Visitor) -> str:
        """A new link's secret, which is told this once."""
        self._check(story, visitor)
        self._caps.ask(visitor)
        return self._tickets.make(story, visitor.by)

    def revoke(self, story: str, link: str, visitor: Visitor) -> None:
        """The link opens nothing any more, from now on."""
        self._check(story, visitor)
        self._tickets.revoke(link, story, visitor.by)

    def story_of(self, secret: str) -> str | None:
        """The story that this secret opens."""
        return self._tickets.opened_by(secret)

    def _check(self, story: str, visitor: Visitor) -> None:
        if not visitor.owns(f"person:{self._store.card(story).owner}"):
            raise CommandError("Only whoever began this story can share it.")


def shared_routes(controller: Controller, lockout: Lockout | None = None) -> list[BaseRoute]:
    """The addresses below ``/shared/``, which are there for everybody."""
    images, guesses = controller.store.images, lockout or Lockout()

    def opened(request: Request) -> View | Response:
        """The story that the request's link opens, or the answer that says why there is none."""
        secret = request.path_params["secret"]
        if wait := guesses.wait(_caller(request)):
            late = Sentence("There were too many wrong links: try again in {time}.", time=lasting(wait))
            return _told(request, 429, late, wait)
        try:
            story = controller.sharing.story_of(secret)
            return controller.view(story) if story else _missed(guesses, request, secret)
        except NotFound:  # deleted
            return _missed(guesses, request, secret)
        except StoreError as error:
            return _told(request, 503, error.sentence)

    def page(request: Request) -> Response:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            view = opened(request)
            if isinstance(view, Response):
                return view
            return HTMLResponse(shared_of(view, request.path_params["secret"], language()), headers=PAGE)

    def picture(request: Request) -> Response:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            view = opened(request)
            if isinstance(view, Response):
                return view
            named = PICTURE.fullmatch(request.path_params["name"])
            ref = _shown(view, named[1]) if named else None
            path = images.path(ref) if ref else None
            if path is None or not path.is_file():
                return _told(request, 404, GONE)
            return FileResponse(path, headers={**UNLISTED, "Cache-Control": "private, no-cache"})

    def nothing(request: Request) -> Response:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            return _told(request, 404, GONE)

    return [
        Route("/shared/{secret}", page),
        Route("/shared/{secret}/{name}", picture),
        Route("/shared/{rest:path}", nothing),
    ]


def _shown(view: View, sha256: str) -> ImageRef | None:
    """The picture of this content, if it stands in the story as it is read."""
    for card in view.cards:
        if card.picture and not card.faded and card.picture.sha256 == sha256:
            return ImageRef(sha256=sha256, width=card.picture.width, height=card.picture.height)
    return None


def _missed(guesses: Lockout, request: Request, secret: str) -> Response:
    guesses.knock(secret, _caller(request))
    return _told(request, 404, GONE)


def _caller(request: Request) -> str:
    return request.client.host if request.client else ""


def _told(request: Request, status: int, sentence: str, wait: float = 0) -> Response:
    """The page of a link that opens nothing, or nothing now."""
    headers = {**PAGE, "Retry-After": str(math.ceil(wait))} if wait else PAGE
    up = "../" * (address_of(request.scope).count("/") - 1)
    return HTMLResponse(unshared_of(say(sentence), language(), up), status, headers)
