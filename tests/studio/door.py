"""Addresses of this machine that lead to whichever studio is open: what a browser keeps, it keeps by address.

Each test opens a studio of its own at a port of its own. A browser that comes by a door finds scripts of the last test in its
cache, and need not compile them again: a page is there in a third of the time.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 1 << 16  # bytes that are passed on at a time


class Door:
    """Listens at ``port``, and passes what comes on to the port that it leads to; closed, it hangs up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._leads_to: int | None = None
        self._lines = set[socket.socket]()
        self._lock = threading.Lock()
        threading.Thread(target=self._answer, daemon=True).start()

    def lead(self, port: int | None) -> None:
        """Leads to this port from now on, or nowhere; who is inside is put out."""
        with self._lock:
            self._leads_to = port
            lines, self._lines = self._lines, set()
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _answer(self) -> None:
        while True:
            caller, _ = self._listener.accept()
            threading.Thread(target=self._connect, args=(caller,), daemon=True).start()

    def _connect(self, caller: socket.socket) -> None:
        with self._lock:
            port = self._leads_to
        try:
            studio = socket.create_connection(("127.0.0.1", port or 0), timeout=5)
        except OSError:  # it is closed: the caller is told in the same way
            caller.close()
            return
        studio.settimeout(None)
        for line in (caller, studio):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._lines |= {caller, studio}
        back = threading.Thread(target=_pass_on, args=(studio, caller), daemon=True)
        back.start()
        _pass_on(caller, studio)
        back.join()
        with self._lock:
            self._lines -= {caller, studio}
        caller.close()
        studio.close()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """All that comes from one to the other, and its end."""
    with suppress(OSError):
        while piece := one.recv(PIECE):
            other.sendall(piece)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


_free: list[Door] = []


@contextmanager
def door_to(port: int) -> Iterator[str]:
    """The address of a door that leads to a port of this machine; the same address as last time, if nobody else has it."""
    door = _free.pop() if _free else Door()
    door.lead(port)
    try:
        yield f"http://127.0.0.1:{door.port}/"
    finally:
        door.lead(None)
        _free.append(door)
