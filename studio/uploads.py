"""Stands before Gradio's upload: on a shared studio each person brings so much, and strangers bring nothing."""

from __future__ import annotations

import math

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.caps import Caps, TooMuch
from studio.gate import address_of
from studio.librarian import STRANGER
from studio.pages.parts import Who
from studio.speech import later, preferred, say, speaking
from studio.visitors import Visitor

UPLOAD = "/gradio_api/upload"


class Uploads:
    """Counts what is uploaded, and turns away what is too much before it is read."""

    def __init__(self, app: ASGIApp, caps: Caps, who: Who) -> None:
        self.app = app
        self.caps = caps
        self.who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or address_of(scope).rstrip("/") != UPLOAD:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        visitor = self.who(request)
        with speaking(preferred(request.headers.get("accept-language", ""))):
            refusal = await self._refusal(request, visitor)
        if refusal:
            await refusal(scope, receive, send)
            return

        async def counting() -> Message:
            message = await receive()
            self.caps.brought(visitor, len(message.get("body", b"")))
            return message

        await self.app(scope, counting if not visitor.owns_all else receive, send)

    async def _refusal(self, request: Request, visitor: Visitor) -> Response | None:
        if not visitor.name:
            return PlainTextResponse(say(STRANGER), 403)
        said = request.headers.get("content-length", "")
        if not said.isdecimal() and not visitor.owns_all:
            return PlainTextResponse(say(later("An upload has to say how large it is.")), 411)
        try:
            self.caps.ask(visitor)
            await run_in_threadpool(self.caps.check_room, visitor, int(said or 0))
        except TooMuch as error:
            headers = {"Retry-After": str(math.ceil(error.seconds))} if error.seconds else {}
            return PlainTextResponse(say(error.sentence), 429 if error.seconds else 507, headers)
        return None
