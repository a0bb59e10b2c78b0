"""The data folder: stories as facts in a database, and their pictures beside it. See :class:`Store`."""

from core.store.audit import Audit
from core.store.projection import Status, StoryCard
from core.store.store import Store

__all__ = ["Audit", "Status", "Store", "StoryCard"]
