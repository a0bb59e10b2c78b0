"""Personal tokens: who may make them for themselves, and what ``python app.py token`` does for the host.

A token lets a program do all that its person may, under the same caps, as ``Authorization: Bearer …``. It stands until it is
taken back, or its person is taken out of the file of who may sign in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import CommandError, NotFound
from core.store import Store, Ticket, Tickets
from core.store.database import Beside
from studio.passwords import People, check_name

if TYPE_CHECKING:
    from studio.visitors import Visitor

HOST = "host"  # who makes tokens at the command line


class Tokens:
    """What people do with their own tokens. ``signed``: people sign in here, so that a token is of use."""

    def __init__(self, store: Store, signed: bool) -> None:
        self._tickets = Tickets(store.database, "person")
        self._signed = signed

    def allows(self, visitor: Visitor) -> bool:
        return self._signed and visitor.name != "" and not visitor.guest

    def of(self, visitor: Visitor) -> list[Ticket]:
        self._check(visitor)
        return self._tickets.of(visitor.name)

    def make(self, label: str, visitor: Visitor) -> str:
        """A new token, which is told this once."""
        self._check(visitor)
        return self._tickets.make(visitor.name, visitor.by, label)

    def revoke(self, token: str, visitor: Visitor) -> None:
        self._check(visitor)
        self._tickets.revoke(token, visitor.name, visitor.by)

    def _check(self, visitor: Visitor) -> None:
        if not self.allows(visitor):
            raise CommandError("Nobody signs in here, so that programs need no token.")


def tend(data: Path, people: Path, name: str, label: str, revoke: str) -> Iterator[str]:
    """What ``python app.py token`` does, also while the studio runs; yields what it says. ``revoke``: a token's last letters."""
    check_name(name)
    if name not in People(people).names():
        raise NotFound("There is no {name} in {file}.", name=name, file=people)
    with Store(data):  # which makes the folder if it is missing; where the studio runs, it only looks
        pass
    database = Beside(data)
    try:
        tickets = Tickets(database, "person")
        if not revoke:
            yield tickets.make(name, f"person:{HOST}", label)
            return
        found = [ticket for ticket in tickets.of(name) if ticket.ending == revoke]
        if not found:
            raise NotFound("{name} has no token that ends with {letters}.", name=name, letters=revoke)
        for ticket in found:
            tickets.revoke(ticket.id, name, f"person:{HOST}")
        yield f"The token of {name} that ended with {revoke} opens nothing any more."
    finally:
        database.close()
