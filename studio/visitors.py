"""Says who looks. A person who signed in has their name; on one's own computer everybody is the owner; elsewhere a guest has
a cookie, whose hash is their name, so that guests have their own stories and limits and can't act on those of others."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

COOKIE = "studio_guest"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,64}")


@dataclass(frozen=True)
class Visitor:
    """Whoever looks. ``owns_all``: every story in the data folder is theirs, as on one's own computer."""

    name: str
    owns_all: bool = False

    @property
    def by(self) -> str:
        return f"person:{self.name}"

    def owns(self, opened_by: str) -> bool:
        return self.owns_all or opened_by == self.by


OWNER = Visitor("local", owns_all=True)


def visitor_of(user: str | None, cookies: Mapping[str, str], shared: bool) -> Visitor:
    """The visitor with this signed-in name or these cookies. ``shared``: others than the owner can reach the studio."""
    if user:
        return Visitor(user)
    if not shared:
        return OWNER
    token = cookies.get(COOKIE, "")
    if not _TOKEN.fullmatch(token):
        return Visitor("guest")
    return Visitor(f"guest-{hashlib.sha256(token.encode()).hexdigest()[:12]}")


def new_token() -> str:
    return secrets.token_urlsafe(32)
