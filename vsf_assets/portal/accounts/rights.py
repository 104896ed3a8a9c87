"""What each role may do, and what an account may do in which team.

Here: the table of roles and rights, and `AccountRights`, the rights of an account or of a token in all its teams. Not
here: the models (models.py), and which tables a right opens (data/access.py).
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

READ, EXPORT, DELIVER, CAMPAIGNS, RAW, MANAGE = "read", "export", "deliver", "campaigns", "raw", "manage"
"""Read pages and reports; export files and ask the API for them; deliver files; choose banners and request made-up
files; read raw tables and why runs failed; manage people, grants and tokens of the team."""

READER, ANALYST, STEWARD, MARKETER, ENGINEER, ADMIN = "reader", "analyst", "steward", "marketer", "engineer", "admin"

RIGHTS: dict[str, frozenset[str]] = {
    READER: frozenset({READ}),
    ANALYST: frozenset({READ, EXPORT}),
    STEWARD: frozenset({READ, DELIVER}),
    MARKETER: frozenset({READ, CAMPAIGNS}),
    ENGINEER: frozenset({READ, EXPORT, DELIVER, RAW}),
    ADMIN: frozenset({READ, EXPORT, DELIVER, CAMPAIGNS, RAW, MANAGE}),
}
"""Role -> its rights."""

ROLES = tuple(RIGHTS)

PLATFORM = "platform"
"""Name of the team that owns what landed by other ways than the portal, and the portal itself."""

TOKEN_SCOPES: dict[str, frozenset[str]] = {
    "read": frozenset({READ, RAW}),
    "export": frozenset({EXPORT}),
    "deliver": frozenset({DELIVER, CAMPAIGNS}),
    "personal": frozenset(),
}
"""Scope of a token -> the rights that it lets through; `personal` lets the permission through."""


@dataclass(frozen=True)
class TeamRights:
    """The rights of an account in one team.

    Attributes:
        team: id of the team.
        name: of the team.
        rights: what the role allows there.
        feeds: feeds that were granted to the team for reading.
        delivers: feeds that were granted to the team for delivering.
    """

    team: uuid.UUID
    name: str
    rights: frozenset[str]
    feeds: frozenset[str] = frozenset()
    delivers: frozenset[str] = frozenset()

    @property
    def is_platform(self) -> bool:
        """Whether it is the team of the platform, which may read every feed."""
        return self.name == PLATFORM

    def may_deliver(self, feed: str) -> bool:
        """Whether the account may deliver files of a feed for this team."""
        return DELIVER in self.rights and (self.is_platform or feed in self.delivers)


@dataclass(frozen=True)
class AccountRights:
    """What an account, or a token of it, may do.

    Attributes:
        teams: rights in each of its teams.
        may_see_personal: whether personal data is shown as it is.
    """

    teams: tuple[TeamRights, ...] = ()
    may_see_personal: bool = False

    def may(self, right: str, team: uuid.UUID | None = None) -> bool:
        """Whether the account has a right in a team; in any team if none is named."""
        return any(right in found.rights for found in self.teams if team is None or found.team == team)

    def may_on_platform(self, right: str) -> bool:
        """Whether the account has a right in the team of the platform."""
        return any(right in found.rights and found.is_platform for found in self.teams)

    def feeds(self, right: str, every_feed: Iterable[str]) -> frozenset[str]:
        """Return the feeds for which the account has a right: all as a member of the platform, else those granted."""
        if self.may_on_platform(right):
            return frozenset(every_feed)
        return frozenset(feed for found in self.teams if right in found.rights for feed in found.feeds)

    def narrowed(self, team: uuid.UUID, scopes: Collection[str]) -> "AccountRights":
        """Return what a token may: one team, the rights of its scopes, and personal data only by the scope for it."""
        allowed = frozenset(right for scope in scopes for right in TOKEN_SCOPES.get(scope, ()))
        kept = tuple(replace(found, rights=found.rights & allowed) for found in self.teams if found.team == team)
        return AccountRights(kept, self.may_see_personal and "personal" in scopes)
