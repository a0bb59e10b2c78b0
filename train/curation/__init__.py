"""Makes training data of data folders: which rows are worth learning from, and where each goes. See :func:`curate`."""

from train.curation.settings import Curation
from train.curation.work import Curated, curate

__all__ = ["Curated", "Curation", "curate"]
