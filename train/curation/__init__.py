"""Makes training data of data folders: which rows are worth learning from, and where each goes. See ``work.curate``."""
