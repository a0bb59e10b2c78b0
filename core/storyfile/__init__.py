"""A story as one file, to keep or to give away: see :func:`export_story` and :func:`import_story`.

A ``.story.zip`` holds ``manifest.json`` (what should be there, with its hashes), ``facts.jsonl`` (all facts in order, those of
a branch's trunk included) and ``pictures/<sha256>.png``. The same story gives the same bytes, and no file is trusted.
"""

from core.storyfile.contents import Report, StoryFile, open_story_file
from core.storyfile.manifest import Manifest
from core.storyfile.transfer import export_story, import_story

__all__ = ["Manifest", "Report", "StoryFile", "export_story", "import_story", "open_story_file"]
