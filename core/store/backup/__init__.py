"""Copies of a data folder that are made while the studio runs, and data folders that are made of them again.

A backup is a folder: ``pictures`` by content, as in the data folder; ``files`` by content, of which the manifest says what they
are called; and ``backup.json``, the manifest, which takes the place of the last one when all that it names is durable. So the
folder holds one whole backup at every moment, however the making of the next one ends.

To a backup belong the database (stories, facts, reviews), all pictures (uploads that a story uses are among them), and judges'
scores. What can be made again does not: thumbnails, exports (kept for an hour), and imports that are on their way.
"""

from core.store.backup.copying import Report
from core.store.backup.making import back_up
from core.store.backup.manifest import Manifest
from core.store.backup.restoring import lacking, manifest_of, restoring, viewed

__all__ = ["Manifest", "Report", "back_up", "lacking", "manifest_of", "restoring", "viewed"]
