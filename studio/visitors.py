"""Says who looks. A person who signed in has their name; on one's own computer everybody is the owner; elsewhere a guest has
a cookie, whose hash is their name, so that guests have their own stories and limits and can't act on those of others."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

from studio.passwords import GUEST

COOKIE = "studio_guest"
MOST = 10_000  # people of whom it is known when they were here
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,64}")


@dataclass(frozen=True)
class Visitor:
    """Whoever looks; with no name, somebody whom the studio could not recognise again. ``owns_all``: every story in the data
    folder is theirs, as on one's own computer. ``guest``: they did not sign in, and a cookie is all that is known of them.
    ``address``: where they come from, which makes nobody another person."""

    name: str
    owns_all: bool = False
    guest: bool = False
    address: str = field(default="", compare=False)

    @property
    def by(self) -> str:
        return f"person:{self.name}"

    def owns(self, opened_by: str) -> bool:
        return self.owns_all or (self.name != "" and opened_by == self.by)


class Presence:
    """Who was here last, and when, since the studio opened; for any number of threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, datetime] = OrderedDict()
        self._lock = Lock()

    def see(self, visitor: Visitor) -> None:
        if not visitor.name:
            return
        with self._lock:
            self._seen[visitor.name] = datetime.now(UTC)
            self._seen.move_to_end(visitor.name)
            while len(self._seen) > MOST:
                self._seen.popitem(last=False)

    def seen(self) -> dict[str, datetime]:
        with self._lock:
            return dict(self._seen)


OWNER = Visitor("local", owns_all=True)
NOBODY = Visitor("")


def visitor_of(user: str | None, cookies: Mapping[str, str], shared: bool, address: str = "") -> Visitor:
    """The visitor with this signed-in name or these cookies. ``shared``: others than the owner can reach the studio."""
    if user:
        return Visitor(user, address=address)
    if not shared:
        return OWNER
    if not has_token(cookies):
        return Visitor("", address=address)
    return Visitor(f"{GUEST}{hashlib.sha256(cookies[COOKIE].encode()).hexdigest()[:12]}", guest=True, address=address)


def has_token(cookies: Mapping[str, str]) -> bool:
    """Whether a guest can be recognised by these cookies."""
    return _TOKEN.fullmatch(cookies.get(COOKIE, "")) is not None


def new_token() -> str:
    return secrets.token_urlsafe(32)


def cookie_of(name: str, value: str, *, secure: bool, framed: bool, seconds: int) -> str:
    """A ``Set-Cookie`` that no script can read. ``secure``: the page came by https. ``framed``: other sites may show the page.

    A page inside another site's frame, as on a Space, gets its cookie only with SameSite=None, which needs https.
    """
    site = "None" if framed and secure else "Lax"
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={site}{'; Secure' if secure else ''}"
