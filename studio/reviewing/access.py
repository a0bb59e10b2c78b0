"""Says who may review, and under which name. Pure: it knows visitors and what the host has set, no page and no store.

Reviewers see other people's stories. So on a studio that others can reach, only those whom the host has named do.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import CommandError
from core.settings import Settings
from studio.visitors import Visitor

EVERYBODY = "*"
LONGEST = 40  # characters of a name that somebody chooses


@dataclass(frozen=True)
class Reviewer:
    """Somebody who reviews. ``leads``: who also decides disagreements, sets gold items and writes guidelines.

    ``chooses``: the name is theirs to choose.
    """

    name: str
    leads: bool = False
    chooses: bool = False


@dataclass(frozen=True)
class Access:
    """Who reviews here, besides the owner of the machine: signed-in names, ``*`` for all of them. Leads review, too."""

    annotators: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Access:
        return cls(settings.annotators, settings.leads)

    def allows(self, visitor: Visitor) -> bool:
        """Whether this visitor may review."""
        return visitor.owns_all or self._signed_in(visitor, (*self.annotators, *self.leads))

    def reviewer(self, visitor: Visitor, chosen: str = "") -> Reviewer:
        """Who this visitor is as a reviewer; ``CommandError``, which says why not, if they may not be one.

        Only the owner's name is ``chosen``, for several people may share one computer.
        """
        if visitor.owns_all:
            return Reviewer(_name(chosen) or visitor.name, leads=True, chooses=True)
        if not self.allows(visitor):
            raise CommandError(
                "Only people whom the host has named review here, once they have signed in: see the settings"
                " STUDIO_ANNOTATORS and STUDIO_AUTH_FILE."
            )
        return Reviewer(visitor.name, leads=self._signed_in(visitor, self.leads))

    @staticmethod
    def _signed_in(visitor: Visitor, names: tuple[str, ...]) -> bool:
        return visitor.name != "" and not visitor.guest and (EVERYBODY in names or visitor.name in names)


def _name(chosen: str) -> str:
    name = " ".join(chosen.split())
    if len(name) > LONGEST:
        raise CommandError("Your name may have {most} characters: use a shorter one.", most=LONGEST)
    return name
