"""Stands before all addresses, the studio's and Gradio's: who has not signed in gets past it only to sign in,
or to read a story by its link. A program comes in with a token of its person's.

Gradio asks for a login at some of its addresses, and not at others (``/cancel``, ``/heartbeat``, ``/reset``, ``/stream``,
``/theme.css``, its MCP server, …). Here it is the other way round: all are shut but those that are named.
What the studio has no use for is shut for everybody.
"""

from __future__ import annotations

import hmac
import math

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Sentence
from studio.caps import lasting
from studio.signin import ADDRESSES, NEXT, Door, cookies_of, sign_in_page
from studio.speech import later, preferred, say, speaking

STARTED = "/gradio_api/startup-events"  # Gradio asks itself for it once, when it opens; asked again, it does nothing
#: What strangers may ask for: to sign in, how the sign-in page looks, and how the studio is (which is guarded by itself).
OPEN = {*ADDRESSES, "/healthz", "/metrics", "/favicon.ico", "/robots.txt", STARTED}
OPEN |= {f"/studio/css/{name}.css" for name in ("plain", "signin", "reading", "shared")}
SHARED = "/shared/"  # what is below it is read by whoever has its link
INSIDE = b"x-studio-inside"  # the header of the studio's own calls to itself, with what nobody else knows
WRONG = later("This token opens nothing: it was taken back, or never was one. Make another on your account's page.")
#: Where pages are: a guest, or somebody who has yet to sign in, may come to any of them first.
PAGES = {"/", "/library", "/train", "/review", "/agreement", "/admin", "/account"}
#: Parts of Gradio that the studio does not use; the figures of its monitoring are there for everybody unless they are shut.
UNUSED = (
    *("/monitoring", "/pwa_icon", "/svelte/", "/gradio_api/custom_component/", "/gradio_api/deep_link", "/gradio_api/dev/"),
    *("/gradio_api/process_recording", "/gradio_api/profiling/", "/gradio_api/proxy=", "/gradio_api/run-history/"),
    *("/gradio_api/runs", "/gradio_api/stream/", "/gradio_api/undo-vibe", "/gradio_api/vibe-", "/gradio_api/token"),
)


def address_of(scope: Scope) -> str:
    """The address below the path at which the studio is."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"


def _is_open(scope: Scope, address: str) -> bool:
    """Whether strangers may ask for this."""
    return address in OPEN or (address.startswith(SHARED) and scope["method"] in ("GET", "HEAD"))


def _header(scope: Scope, name: bytes) -> bytes:
    return next((bytes(value) for found, value in scope["headers"] if found == name), b"")


def _bearer(scope: Scope) -> str:
    """The token that a program sends as its own; empty if it sends none."""
    scheme, _, token = _header(scope, b"authorization").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _as(scope: Scope, session: str) -> Scope:
    """The same request with this session's cookie and no other, by which all that follows knows who it is."""
    cookie = f"{cookies_of(scope['app'])[1]}={session}".encode()
    return {**scope, "headers": [*(pair for pair in scope["headers"] if pair[0] != b"cookie"), (b"cookie", cookie)]}


class Gate:
    """Lets through whoever may come in. ``door`` is None where nobody has to sign in."""

    def __init__(self, app: ASGIApp, door: Door | None) -> None:
        self.app = app
        self.door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        address = address_of(scope)
        if scope["type"] == "websocket":  # neither Gradio nor the studio has one
            await send({"type": "websocket.close", "code": 1008})
        elif address.startswith(UNUSED):
            await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)
        elif self.door is None or _is_open(scope, address):
            await self.app(scope, receive, send)
        elif token := _bearer(scope):
            await self._program(self.door, token, scope, receive, send)
        elif self.door.who(Request(scope)) is not None:
            await self.app(scope, receive, send)
        elif hmac.compare_digest(_header(scope, INSIDE), self.door.inside.encode()):
            await self.app(_as(scope, self.door.itself(scope["app"])), receive, send)
        else:
            await self._turn_away(Request(scope), address)(scope, receive, send)

    async def _program(self, door: Door, token: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a program in that has somebody's token: for all that follows, it is that person."""
        caller = scope["client"][0] if scope.get("client") else ""
        session, wait = await to_thread.run_sync(door.by_token, scope["app"], token, caller)
        if session:
            await self.app(_as(scope, session), receive, send)
            return
        with speaking(preferred(Request(scope).headers.get("accept-language", ""))):
            late = Sentence("There were too many wrong tokens: try again in {time}.", time=lasting(wait))
            headers = {"Retry-After": str(math.ceil(wait))} if wait else {"WWW-Authenticate": "Bearer"}
            answer = JSONResponse({"detail": say(late if wait else WRONG)}, 429 if wait else 401, headers)
        await answer(scope, receive, send)

    @staticmethod
    def _turn_away(request: Request, address: str) -> ASGIApp:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            if address not in PAGES or request.method not in ("GET", "HEAD"):
                return JSONResponse({"detail": say(later("Sign in first."))}, 401)
            asked = f"{address[1:]}?{request.url.query}" if request.url.query else address[1:]
            return sign_in_page(request, asked if NEXT.fullmatch(asked) else address[1:])
