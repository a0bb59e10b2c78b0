"""Says which of several processes tells a story: one at a time. Knows no fact and no model.

A claim is an advisory lock of PostgreSQL, held by one connection. It needs no clock and no heart-beat: the server lets go of it
when the connection ends, however the process ends, as the kernel lets go of a data folder's lock. A process that was cut off
and comes back late does no harm: its fact's number is taken, and the story as others went on with it no longer wants the fact.
"""

from __future__ import annotations

import hashlib
from threading import Lock

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

TAKE = text("SELECT pg_try_advisory_lock(:key)")
RELEASE = text("SELECT pg_advisory_unlock(:key)")


class Claims:
    """The stories that this process tells, for any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._db: Connection | None = None
        self._held = set[str]()

    def take(self, story_id: str) -> bool:
        """Whether this process may tell the story now. ``DBAPIError`` if the server cannot be asked."""
        with self._lock:
            if story_id in self._held:
                return True
            if not self._connection().scalar(TAKE, {"key": _key(story_id)}):
                return False
            self._held.add(story_id)
            return True

    def release(self, story_id: str) -> None:
        """Lets others tell it."""
        with self._lock:
            if story_id in self._held:
                self._held.discard(story_id)
                self._connection().execute(RELEASE, {"key": _key(story_id)})

    def check(self) -> None:
        """Forgets all claims if the connection that held them is gone: others may have taken them meanwhile."""
        with self._lock:
            if self._db is not None:
                self._connection()

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _connection(self) -> Connection:
        """The connection, which is there; another one, that holds nothing, if it was not."""
        if self._db is not None:
            try:
                self._db.execute(text("SELECT 1"))
            except DBAPIError:
                self._drop()
        if self._db is None:
            self._db = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._db

    def _drop(self) -> None:
        """Ends the connection, rather than giving it back to the pool with what it holds."""
        self._held.clear()
        if self._db is not None:
            self._db.invalidate()
            self._db.close()
            self._db = None


def _key(story_id: str) -> int:
    """64 bits, signed: that two stories share them, and wait for each other, does not happen."""
    return int.from_bytes(hashlib.sha256(story_id.encode()).digest()[:8], "big", signed=True)
