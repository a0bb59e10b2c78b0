"""Training data in the forms that other tools read and write.

Rows of a curated folder: ``trl``, ``llamafactory``, ``easyr1``. Whole stories of a data folder: ``records``,
``interleaved-easy``, ``interleaved-hard``. What annotators said of them: ``reviews``, out only. Each module says what its
format can't carry; all else comes back as it was. A row that a format can't hold, or that can't be read, is named with its line
and its reason.
"""
