"""Every way the engine says no. A message is one sentence for a person: what happened, and what to do."""

from __future__ import annotations


class Sentence(str):
    """An English sentence that still knows its ``{places}`` and what stands in them, so that others can say it in their language.

    A value may be a sentence, too.
    """

    __slots__ = ("english", "values")
    english: str
    values: dict[str, object]

    def __new__(cls, english: str, /, **values: object) -> Sentence:
        made = super().__new__(cls, english.format(**values) if values else english)
        made.english, made.values = english, values
        return made


class StudioError(Exception):
    """Base of all errors that a person may see; ``str(error)`` is safe to show, and ``sentence`` can be translated."""

    def __init__(self, english: str = "", /, **values: object) -> None:
        self.sentence = english if isinstance(english, Sentence) and not values else Sentence(english, **values)
        super().__init__(self.sentence)


class AgentError(StudioError):
    """A model did not do its task: recorded as a ``Failed`` fact and asked again within the policy's bounds."""

    code = "agent"


class ReplyError(AgentError):
    """A planner's or critic's reply has no usable answer in it."""

    code = "reply"


class DrawError(AgentError):
    """A painter gave no usable picture: black, not finite, or refused by its pipeline."""

    code = "draw"


class OutOfMemory(AgentError):
    """The accelerator's memory did not suffice, also after one more try with less."""

    code = "memory"


class Unreachable(AgentError):
    """The server of a model is gone, or lets nobody in: nothing is said about what was asked."""

    code = "unreachable"


class Cancelled(StudioError):
    """The call was given up on purpose; nothing is recorded."""


class CommandError(StudioError):
    """A person's wish that the story as it stands does not allow."""


class StoreError(StudioError):
    """The data folder cannot do what was asked."""


class WriteConflict(StoreError):
    """Somebody else appended a fact first; load the story again."""


class ReadOnly(StoreError):
    """Another process owns the data folder, or the disk is full: look, but do not write."""


class NotFound(StoreError):
    """No story or picture has this name."""


class BadImage(StudioError):
    """An uploaded or referenced picture is not one that we can use."""


class ProfileError(StudioError):
    """A model profile is unknown, malformed, or its weights are not on this machine."""


class BadFile(StudioError):
    """A story file is not one that we can take in, or not whole."""
