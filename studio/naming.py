"""Answers only under the studio's own names, so that no other site can pass for it in a browser (DNS rebinding).

A page of another site may have its own name lead to this machine, and then asks under that name: to a browser it is one site.
Where only this machine reaches the studio, it is called as this machine is; elsewhere, as the host has set.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.gate import address_of
from studio.speech import later, preferred, say, speaking

OURS = {"localhost"}
PROBED = "/healthz"  # which probes ask for under whichever address they find; it says a word
WRONG = later("The studio does not go by this name: open it by its own address, or have its host put the name into STUDIO_HOSTS.")


class Names:
    """Turns away whoever calls the studio by a name that is none of its own. No ``names`` but loopback: ``shared`` takes all."""

    def __init__(self, app: ASGIApp, names: Iterable[str], shared: bool) -> None:
        self.app = app
        self.names = OURS | {name.lower() for name in names}
        self.all = shared and self.names == OURS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.all or address_of(scope) == PROBED or self._is_ours(scope):
            await self.app(scope, receive, send)
            return
        with speaking(preferred(Request(scope).headers.get("accept-language", ""))):
            await PlainTextResponse(say(WRONG), 421)(scope, receive, send)  # Misdirected Request, RFC 9110

    def _is_ours(self, scope: Scope) -> bool:
        called = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        return len(called) == 1 and ((name := name_of(called[0])) in self.names or is_loopback(name))


def name_of(host: str) -> str:
    """The name in a Host header, without its port."""
    before, colon, port = host.rpartition(":")
    name = before if colon and port.isdecimal() else host
    return name.strip("[]").rstrip(".").lower()


def is_loopback(name: str) -> bool:
    """Whether this is an address of this machine to itself."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
