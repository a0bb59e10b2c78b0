"""Says who looks. A person who signed in has their name; on one's own computer everybody is the owner; elsewhere a guest has
a cookie, whose hash is their name, so that guests have their own stories and limits and can't act on those of others."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import StudioError

COOKIE = "studio_guest"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,64}")


@dataclass(frozen=True)
class Visitor:
    """Whoever looks; with no name, somebody whom the studio could not recognise again. ``owns_all``: every story in the data
    folder is theirs, as on one's own computer. ``guest``: they did not sign in, and a cookie is all that is known of them."""

    name: str
    owns_all: bool = False
    guest: bool = False

    @property
    def by(self) -> str:
        return f"person:{self.name}"

    def owns(self, opened_by: str) -> bool:
        return self.owns_all or (self.name != "" and opened_by == self.by)


OWNER = Visitor("local", owns_all=True)
NOBODY = Visitor("")


def visitor_of(user: str | None, cookies: Mapping[str, str], shared: bool) -> Visitor:
    """The visitor with this signed-in name or these cookies. ``shared``: others than the owner can reach the studio."""
    if user:
        return Visitor(user)
    if not shared:
        return OWNER
    if not has_token(cookies):
        return NOBODY
    return Visitor(f"guest-{hashlib.sha256(cookies[COOKIE].encode()).hexdigest()[:12]}", guest=True)


def has_token(cookies: Mapping[str, str]) -> bool:
    """Whether a guest can be recognised by these cookies."""
    return _TOKEN.fullmatch(cookies.get(COOKIE, "")) is not None


def new_token() -> str:
    return secrets.token_urlsafe(32)


def doorkeeper(file: Path) -> Callable[[str, str], bool]:
    """Says whether a name and a password open the door; ``file`` has a line ``name:password`` for everyone who may come in."""
    if file.stat().st_mode & 0o077:
        raise StudioError("Others can read {file}, which has passwords in it; do: chmod 600 {file}", file=file.name)
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise StudioError("{file} is no text in UTF-8.", file=file.name) from error
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    known = {name: password for name, _, password in pairs if name and password}
    if not known:
        raise StudioError("Nobody could sign in: {file} has no line name:password.", file=file.name)

    def knows(name: str, password: str) -> bool:
        return hmac.compare_digest(known.get(name, "").encode(), password.encode()) and name in known

    return knows
