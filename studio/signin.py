"""Lets people in: the page where they sign in, the address that it asks, and for how long they stay.

It stands before Gradio's own ``/login``, which knows no address and no wait. A password is worked out in a thread, few at a
time, so that guessing stops nobody's story. Who is in has a token in a cookie; it ends with the studio, after a month, and as
soon as their line in the file of who may sign in changes.
"""

from __future__ import annotations

import math
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, to_thread
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive

from core.errors import Sentence
from core.store import Tickets
from core.store.tickets import hash_of
from studio.caps import lasting
from studio.headers import BARE
from studio.lockout import Lockout
from studio.passwords import MAX_LENGTH, MAX_NAME, People
from studio.speech import language, later, preferred, say, speaking
from studio.storyboard import sign_in_of
from studio.visitors import cookie_of

if TYPE_CHECKING:
    from core.store.database import Database

ADDRESSES = ("/login", "/login/")
MONTH = 30 * 24 * 60 * 60.0  # seconds
MOST = 10_000  # people's sessions; the oldest end first
AT_ONCE, IN_LINE = 2, 32  # passwords that are worked out, each of which takes 32 MB; and those that wait for it
MAX_BODY = 16 * 1024  # bytes; a name and a password
#: Where somebody may be led after signing in: one of our pages, with what it was asked for.
NEXT = re.compile(r"(?:library|train|review|agreement|admin|account)?(?:\?[A-Za-z0-9_.~%=&-]{0,500})?")
WRONG = later("The name or the password is wrong.")


@dataclass(frozen=True)
class _Session:
    name: str
    proof: str
    since: float
    program: bool  # it came with a token at each request, and knows no session
    table: dict[str, str]  # Gradio's, by which all of the studio knows people


class Door:
    """Who is in. A session is a token in Gradio's own table, and what it stands on."""

    def __init__(
        self,
        people: People,
        lockout: Lockout | None = None,
        clock: Callable[[], float] = time.monotonic,
        tokens: Tickets | None = None,
    ) -> None:
        """``tokens`` are those by which programs are people; without them, none is."""
        self.people = people
        self.lockout = lockout or Lockout()
        self.inside = secrets.token_urlsafe(32)  # what the studio's own calls to itself have
        self._clock = clock
        self._tokens = tokens
        self._guesses = Lockout(clock)
        self._sessions: dict[str, _Session] = {}
        self._programs: dict[str, str] = {}  # sessions, by the hash of the token

    def admit(self, app: Any, name: str, program: bool = False) -> str:
        """Begins a session of this person, who has proved themselves; its token."""
        token = secrets.token_urlsafe(32)
        self._sessions[token] = _Session(name, self.people.proof_of(name), self._clock(), program, app.tokens)
        app.tokens[token] = name
        while len(self._sessions) > MOST:
            self._end(next(iter(self._sessions)))
        return token

    def sign_out(self, name: str) -> None:
        """Ends all sessions of a person."""
        for token, session in list(self._sessions.items()):
            if session.name == name:
                self._end(token)

    def sessions_of(self, name: str) -> int:
        """How many sessions a person has."""
        return sum(session.name == name and not session.program for session in list(self._sessions.values()))

    def by_token(self, app: Any, token: str, address: str) -> tuple[str, float]:
        """The session of the program with this personal token, empty if there is none; and seconds that it has to wait.

        The token is looked for at each call: taken back, or its person taken out of the file, it opens nothing at once.
        """
        if wait := self._guesses.wait(address):
            return "", wait
        key, name = hash_of(token), self._tokens.opened_by(token) if self._tokens else None
        now = self._programs.get(key, "")
        session = self._sessions.get(now)
        if name is None or not self.people.proof_of(name):
            self._end(now)
            self._programs.pop(key, None)
            self._guesses.knock(key, address)
            return "", 0
        if session is None or not self._lasts(session):
            self._end(now)
            now = self._programs[key] = self.admit(app, name, program=True)
        return now, 0

    def itself(self, app: Any) -> str:
        """The session of the studio's own calls to itself, which are nobody's."""
        app.tokens.setdefault(self.inside, "")
        return self.inside

    def who(self, request: Request) -> str | None:
        """Who is in by this request's cookie. A session that is over ends here, for Gradio, too."""
        for name in cookies_of(request.app):
            token = request.cookies.get(name, "")
            session = self._sessions.get(token)
            if session is None:
                continue
            user: str | None = request.app.tokens.get(token)
            if user and self._lasts(session):
                return user
            self._end(token)
        return None

    def _lasts(self, session: _Session) -> bool:
        return session.proof == self.people.proof_of(session.name) and self._clock() - session.since < MONTH

    def _end(self, token: str) -> None:
        session = self._sessions.pop(token, None)
        if session:
            session.table.pop(token, None)


def cookies_of(app: Any) -> tuple[str, str]:
    """The names of the cookies that Gradio looks at: the one for https, and the one that goes without."""
    return f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}"


def sign_in_routes(door: Door, framed: bool = False) -> list[BaseRoute]:
    """The address where people sign in. ``framed``: other sites may show the studio in a frame."""
    limiter = CapacityLimiter(AT_ONCE)

    async def sign_in(request: Request) -> Response:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            if request.method in ("GET", "HEAD"):
                return sign_in_page(request)
            return await answer(request)

    async def answer(request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _told(request, 403, later("Only the studio's own page can sign anybody in."))
        fields = await _fields(request)
        if fields is None:
            return _told(request, 400, WRONG)
        name, password, page = fields
        address = request.client.host if request.client else ""
        if limiter.statistics().tasks_waiting >= IN_LINE:
            return _told(request, 503, later("Many people are signing in: try again in a minute."), page, wait=60)
        if wait := door.lockout.knock(name, address):
            late = Sentence("There were too many wrong passwords: try again in {time}.", time=lasting(wait))
            return _told(request, 429, late, page, wait)
        if not await to_thread.run_sync(door.people.knows, name, password, limiter=limiter):
            return _told(request, 400, WRONG, page)
        door.lockout.welcome(name, address)
        return _let_in(request, door.admit(request.app, name), page, framed)

    return [Route(address, sign_in, methods=["GET", "POST"]) for address in ADDRESSES]


def sign_in_page(request: Request, page: str = "", fault: str = "", status: int = 200) -> Response:
    """The page where one signs in; ``page`` is where one is led after it."""
    headers = {"Content-Security-Policy": BARE, "Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(sign_in_of(page, fault, language()), status, headers)


def _told(request: Request, status: int, sentence: str, page: str = "", wait: float = 0) -> Response:
    """What is wrong, on the page for people and as JSON for programs."""
    if "text/html" in request.headers.get("accept", ""):
        response = sign_in_page(request, page, say(sentence), status)
    else:
        response = JSONResponse({"detail": say(sentence)}, status)
    if wait:
        response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def _let_in(request: Request, token: str, page: str, framed: bool) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        response: Response = RedirectResponse(f"./{page}", status_code=303)
    else:
        response = JSONResponse({"success": True})
    secure = request.url.scheme == "https"
    name = cookies_of(request.app)[0 if secure else 1]
    response.headers.append("Set-Cookie", cookie_of(name, token, secure=secure, framed=framed, seconds=int(MONTH)))
    return response


async def _fields(request: Request) -> tuple[str, str, str] | None:
    """Name, password and page of the form; None if it is none of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    try:
        form = await Request(request.scope, _again(body)).form(max_files=0, max_fields=8)
    except MultiPartException:
        return None
    name, password, page = (form.get(field) or "" for field in ("username", "password", "next"))
    if not (isinstance(name, str) and isinstance(password, str) and isinstance(page, str)):
        return None
    name = name.strip()
    if not name or len(name) > MAX_NAME or len(password) > MAX_LENGTH:
        return None
    return name, password, page if NEXT.fullmatch(page) else ""


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def door_of(file: Path | None, database: Database) -> Door | None:
    """The door for those whom the file names, and their programs; None if nobody has to sign in."""
    return Door(People(file), tokens=Tickets(database, "person")) if file else None
