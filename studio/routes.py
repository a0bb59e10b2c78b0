"""The studio's own addresses beside Gradio's: pictures of stories, files made of them, and the page's scripts and styles.

A picture is served to whoever knows its story's id, which can't be guessed, and only if it belongs to that story. Where
people sign in, they must have. Pictures never pass through Gradio's public cache.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import NotFound, StoreError
from studio.controller import Controller
from studio.gate import PAGES, address_of
from studio.headers import SANDBOX, YEAR, allowing, headers_of
from studio.speech import catalogue, preferred
from studio.visitors import COOKIE, cookie_of, has_token, new_token

if TYPE_CHECKING:
    from core.images import ImageStore

ASSETS = Path(__file__).parent.parent / "assets"
STORY = re.compile(r"[a-z0-9_-]{1,32}")
PICTURE = re.compile(r"([0-9a-f]{64})\.png")
#: Longest side of what is served instead of the full picture, in pixels: on the shelf and in strips; on a card.
SIZES = {"thumb": 256, "card": 896}
CSP, REFERRER = "Content-Security-Policy", b"referrer-policy"
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # a picture's address is its content


def routes(controller: Controller, images: ImageStore) -> list[BaseRoute]:
    """The studio's addresses; they go before Gradio's own."""

    def picture(request: Request) -> Response:
        story, named = request.path_params["story"], PICTURE.fullmatch(request.path_params["name"])
        size = request.query_params.get("size", "full")
        if not STORY.fullmatch(story) or not named or size not in {"full", *SIZES}:
            return _nothing()
        ref = controller.picture(story, named[1])
        path = images.path(ref) if size == "full" else images.thumbnail(ref, SIZES[size])
        return FileResponse(path, headers=FOR_EVER) if path.is_file() else _nothing()

    def preview(request: Request) -> Response:
        story = request.path_params["story"]
        live = controller.passing(story).live
        if live is None or live.preview is None:
            return _nothing()
        encoded = BytesIO()
        live.preview.convert("RGB").save(encoded, "JPEG", quality=80)
        return Response(encoded.getvalue(), media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    def exported(request: Request) -> Response:
        job = controller.exporting(request.path_params["job"])
        if job.state != "done" or job.path is None or not job.path.is_file():
            return _nothing()
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": SANDBOX}
        return FileResponse(job.path, media_type=job.media_type, filename=job.file_name, headers=headers)

    def speech(request: Request) -> Response:
        spoken = preferred(request.headers.get("accept-language", ""))
        answer = {"language": spoken, "catalogue": dict(catalogue(spoken))}
        return JSONResponse(answer, headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"})

    return [
        Route("/pictures/{story}/preview.jpg", _guarded(preview)),
        Route("/pictures/{story}/{name}", _guarded(picture)),
        Route("/exports/{job}", _guarded(exported)),
        Route("/studio/speech.json", speech),
        Mount("/studio/js", _Fresh(directory=ASSETS / "js")),
        Mount("/studio/css", _Fresh(directory=ASSETS / "css")),
    ]


def user_of(request: Request) -> str | None:
    """The name under which somebody signed in to Gradio, if they did."""
    app = request.app
    cookies = request.cookies
    token = cookies.get(f"access-token-{app.cookie_id}") or cookies.get(f"access-token-unsecure-{app.cookie_id}")
    user: str | None = app.tokens.get(token)
    return user


def middleware(shared: bool, ancestors: Sequence[str] = ()) -> Sequence[Middleware]:
    """What wraps every answer: headers that keep the page to itself, and a guest's cookie where others may come.

    ``ancestors``: sites that may show the studio in a frame.
    """
    return [Middleware(_Wrap, shared=shared, ancestors=ancestors)]


def _guarded(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def guarded(request: Request) -> Response:
        if request.app.auth is not None and user_of(request) is None:
            return PlainTextResponse("Sign in first.", status_code=401)
        try:
            return answer(request)
        except NotFound:
            return _nothing()
        except StoreError as error:
            return PlainTextResponse(str(error), status_code=500)

    return guarded


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.", status_code=404)


class _Fresh(StaticFiles):
    """Files that a browser keeps, but asks about each time, so that a new version of the studio shows at once."""

    def get_path(self, scope: Scope) -> str:
        """As the browser asks for it, also where a proxy has taken away the path that the studio is below."""
        below, asked = scope.get("app_root_path", ""), scope["path"]
        taken_away = below and not asked.startswith(f"{below}/")
        return super().get_path({**scope, "root_path": scope["root_path"].removeprefix(below)} if taken_away else scope)

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        if str(response.headers.get("content-type", "")).startswith("application/javascript"):
            response.headers["Content-Type"] = "text/javascript; charset=utf-8"  # RFC 9239; what is guessed differs by machine
        return response


class _Wrap:
    def __init__(self, app: ASGIApp, shared: bool, ancestors: Sequence[str]) -> None:
        self.app = app
        self.shared = shared
        self.ancestors = ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        page, secure = address_of(scope) in PAGES, scope.get("scheme") == "https"
        added = headers_of(secure, self.ancestors)
        if self.shared and page and not has_token(Request(scope).cookies):
            framed = bool(self.ancestors)
            added["Set-Cookie"] = cookie_of(COOKIE, new_token(), secure=secure, framed=framed, seconds=YEAR)
        held: list[Message] = []

        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                if page:
                    held.append(message)  # until it is known which scripts the page has
                    return
                _add(message, added)
            elif held:
                held.append(message)
                if message.get("more_body"):
                    return
                html = b"".join(part.get("body", b"") for part in held[1:]).decode(errors="replace")
                added[CSP] = allowing(added[CSP], html)
                _add(held[0], added)
                for part in held[:-1]:
                    await send(part)
                held.clear()
            await send(message)

        await self.app(scope, receive, wrapped)


def _add(start: Message, headers: Mapping[str, str]) -> None:
    """Adds the headers; who may learn an address the answer may say itself, for of two such headers the last counts."""
    said = {name for name, _ in start["headers"]} & {REFERRER}
    added = ((name.lower().encode(), value.encode()) for name, value in headers.items())
    start["headers"] = [*start["headers"], *(pair for pair in added if pair[0] not in said)]
