"""Stands before all addresses, the studio's and Gradio's: who has not signed in gets past it only to sign in.

Gradio asks for a login at some of its addresses, and not at others (``/cancel``, ``/heartbeat``, ``/reset``, ``/stream``,
``/theme.css``, its MCP server, …). Here it is the other way round: all are shut but those that are named.
What the studio has no use for is shut for everybody.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.signin import ADDRESSES, NEXT, Door, sign_in_page
from studio.speech import later, preferred, say, speaking

STARTED = "/gradio_api/startup-events"  # Gradio asks itself for it once, when it opens; asked again, it does nothing
#: What strangers may ask for: to sign in, how the sign-in page looks, and how the studio is (which is guarded by itself).
OPEN = {*ADDRESSES, "/healthz", "/metrics", "/favicon.ico", "/robots.txt", STARTED}
OPEN |= {f"/studio/css/{name}.css" for name in ("plain", "signin", "reading", "shared")}
SHARED = "/shared/"  # what is below it is read by whoever has its link
#: Where pages are: a guest, or somebody who has yet to sign in, may come to any of them first.
PAGES = {"/", "/library", "/train", "/review", "/agreement", "/admin"}
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
        elif self.door is None or self.door.who(Request(scope)) is not None or _is_open(scope, address):
            await self.app(scope, receive, send)
        else:
            await self._turn_away(Request(scope), address)(scope, receive, send)

    @staticmethod
    def _turn_away(request: Request, address: str) -> ASGIApp:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            if address not in PAGES or request.method not in ("GET", "HEAD"):
                return JSONResponse({"detail": say(later("Sign in first."))}, 401)
            asked = f"{address[1:]}?{request.url.query}" if request.url.query else address[1:]
            return sign_in_page(request, asked if NEXT.fullmatch(asked) else address[1:])
