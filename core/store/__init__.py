"""The data folder: stories as facts in a database, and their pictures beside it. See :class:`Store`."""

from core.store.audit import Audit
from core.store.database import wanted_address
from core.store.deeds import Deed, Deeds
from core.store.library import Cursor, Page, StoryQuery
from core.store.projection import Status, StoryCard, title_of
from core.store.queue import Order, Query
from core.store.reviews import Guideline, Reviews, Taken
from core.store.store import Store, new_id
from core.store.tallies import Calibration, Progress
from core.store.tickets import Ticket, Tickets
from core.store.timings import Timings

__all__ = [
    "Audit",
    "Calibration",
    "Cursor",
    "Deed",
    "Deeds",
    "Guideline",
    "Order",
    "Page",
    "Progress",
    "Query",
    "Reviews",
    "Status",
    "Store",
    "StoryCard",
    "StoryQuery",
    "Taken",
    "Ticket",
    "Tickets",
    "Timings",
    "new_id",
    "title_of",
    "wanted_address",
]
