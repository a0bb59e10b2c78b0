"""The data folder: stories as facts in a database, and their pictures beside it. See :class:`Store`."""

from core.store.audit import Audit
from core.store.library import Cursor, Page, StoryQuery
from core.store.projection import Status, StoryCard, title_of
from core.store.store import Store, new_id
from core.store.timings import Timings

__all__ = ["Audit", "Cursor", "Page", "Status", "Store", "StoryCard", "StoryQuery", "Timings", "new_id", "title_of"]
