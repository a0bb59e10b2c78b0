"""Takes in the story files that browsers send: a stream into a file of our own name, held to a size, then read with suspicion.

Nothing that a browser says names a file here. The answer is told line by line, as JSON: ``{"done": 3, "total": 12}`` while
the file is examined, and at last ``{"story": its id}`` or ``{"error": a sentence}``.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from core.errors import BadFile, Sentence, StudioError
from studio.caps import TooMuch
from studio.librarian import STRANGER, most_for
from studio.pages.parts import Who
from studio.routes import user_of
from studio.speech import later, preferred, say, speaking

if TYPE_CHECKING:
    from studio.librarian import Librarian
    from studio.visitors import Visitor

log = logging.getLogger("studio.imports")

AT_ONCE = 2  # files taken in; each may be in memory a picture at a time
TYPE = "application/zip"  # which no form of another site can send without being asked for it first
_OURS = re.compile(r"[0-9a-f]{32}\.part")


def import_routes(librarian: Librarian, folder: Path, who: Who) -> list[BaseRoute]:
    """The address that takes story files in. ``folder``, for what is on its way, must be this process's own."""
    for stray in folder.iterdir() if folder.is_dir() else []:
        if _OURS.fullmatch(stray.name):
            stray.unlink()
    places = BoundedSemaphore(AT_ONCE)

    async def take_in(request: Request) -> Response:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            return await answer(request)

    async def answer(request: Request) -> Response:
        if request.app.auth is not None and user_of(request) is None:
            return _no(401, later("Sign in first."))
        visitor = who(request)
        if why := _refused(request, visitor):
            return _no(400, why)
        try:
            librarian.caps.ask(visitor)
            await run_in_threadpool(librarian.caps.check_room, visitor, _said(request))
        except TooMuch as error:
            return _no(429 if error.seconds else 507, error.sentence)
        if not places.acquire(blocking=False):
            return _no(503, later("The studio is taking in other files: try again in a minute."))
        part = folder / f"{secrets.token_hex(16)}.part"
        try:
            await _receive(request, part, most_for(visitor))
        except BaseException as error:  # also when the server gives the request up
            part.unlink(missing_ok=True)
            places.release()
            if isinstance(error, BadFile):
                return _no(400, error.sentence)
            if isinstance(error, OSError):
                return _no(507, Sentence("The file can't be kept: {why}.", why=error.strerror or error))
            if isinstance(error, ClientDisconnect):
                return Response(status_code=499)
            raise
        told: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        taking = copy_context().run  # a thread of its own would speak English
        Thread(target=taking, args=(_import, librarian, part, visitor, told, places), name="import", daemon=True).start()
        return StreamingResponse(_lines(told), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})

    return [Route("/imports", take_in, methods=["POST"])]


def _refused(request: Request, visitor: Visitor) -> str:
    """Why a file isn't even looked at; empty if it is."""
    if not visitor.name:
        return STRANGER
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return later("Only the studio's own page can send story files.")
    if request.headers.get("content-type") != TYPE:
        return later("This is not a story file: choose one that ends in .story.zip.")
    most = most_for(visitor)
    return _too_large(most) if _said(request) > most else ""


def _said(request: Request) -> int:
    """How many bytes the request says that it brings; 0 if it does not."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isdecimal() else 0


def _too_large(most: int) -> Sentence:
    return Sentence("This file is too large: a story file may have {most} MB here.", most=most // 2**20)


async def _receive(request: Request, part: Path, most: int) -> None:
    """Writes the body to ``part``, which must be new. ``BadFile`` if it has more bytes than ``most``."""
    part.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise BadFile(_too_large(most))
            await run_in_threadpool(file.write, chunk)


def _import(
    librarian: Librarian, part: Path, visitor: Visitor, told: SimpleQueue[dict[str, Any] | None], places: BoundedSemaphore
) -> None:
    """Runs to its end whether or not anybody still listens, so that a story is there or is not."""
    try:
        story = librarian.import_file(part, visitor, lambda done, total: told.put({"done": done, "total": total}))
        told.put({"story": story})
    except StudioError as error:
        told.put({"error": say(error.sentence)})
    except Exception as error:
        log.exception("A story file can't be taken in.")
        told.put({"error": say("The story can't be taken in ({error}); the log says more.", error=type(error).__name__)})
    finally:
        part.unlink(missing_ok=True)
        places.release()
        told.put(None)


def _lines(told: SimpleQueue[dict[str, Any] | None]) -> Iterator[str]:
    while (line := told.get()) is not None:
        yield json.dumps(line) + "\n"


def _no(status: int, sentence: str) -> Response:
    return JSONResponse({"error": say(sentence)}, status_code=status)
