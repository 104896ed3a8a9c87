"""Who may know of an event: teams by their grants of now, accounts by their roles of now.

Here: one rule, for the moment of finding, of sending and of reading. Not here: what a team chose (choices.py).

An event of a feed is for the teams that may read the feed, and one about a delivery also for the team that made it; an
event of the platform is for the platform's team and, but for MASKED, every team that may read any feed. Where
partitions of a feed belong to teams (data/owned_rows.py), one about a team's delivery is for that team and the platform
alone.
"""

import uuid
from collections.abc import Collection, Iterable

from allauth.account.models import EmailAddress
from django.db.models import Q

from vsf_assets.portal.accounts.models import Grant, Membership, Team, User
from vsf_assets.portal.accounts.rights import PLATFORM, READ, RIGHTS, AccountRights
from vsf_assets.portal.data.owned_rows import feeds_of_teams
from vsf_assets.portal.notices.kinds import MASKED
from vsf_assets.portal.notices.models import NoticeEvent

_READERS = [role for role, rights in RIGHTS.items() if READ in rights]


class Teams:
    """The teams of this moment, and what each may read."""

    def __init__(self) -> None:
        self.all = {team.id: team for team in Team.objects.all()}
        self._feeds: dict[uuid.UUID, set[str]] = {}
        for team, feed in Grant.objects.filter(may_read=True).values_list("team_id", "feed"):
            self._feeds.setdefault(team, set()).add(feed)

    def reads_any(self, team: uuid.UUID) -> bool:
        """Whether a team may read any feed."""
        return self.all[team].is_platform or bool(self._feeds.get(team))

    def may_know(self, team: uuid.UUID, event: NoticeEvent) -> bool:
        """Whether a team may know of an event."""
        found = self.all.get(team)
        return found is not None and _may(event, team, found.is_platform, self._feeds.get(team, set()))

    def who_may_know(self, event: NoticeEvent) -> list[uuid.UUID]:
        """Return the teams that may know of an event."""
        return [team for team in self.all if self.may_know(team, event)]


def knows(rights: AccountRights, event: NoticeEvent) -> bool:
    """Whether an account or a token may know of an event."""
    return any(
        READ in found.rights and _may(event, found.team, found.is_platform, found.feeds) for found in rights.teams
    )


def _may(event: NoticeEvent, team: uuid.UUID, is_platform: bool, feeds: Collection[str]) -> bool:
    if is_platform or event.team_id == team:
        return True
    if event.kind == MASKED:
        return False
    if event.feed in feeds_of_teams() and not _is_of_platform(event):
        return False
    return event.feed in feeds if event.feed else bool(feeds)


def _is_of_platform(event: NoticeEvent) -> bool:
    """Whether an event is about a delivery of the platform, or of no team of the portal; ids outlive deleted teams."""
    return event.team.is_platform if event.team is not None else event.delivery is None


def on_pages_of(rights: AccountRights) -> Q:
    """Return the condition on TeamNotice: of the account's teams, as long as their grants last."""
    condition = Q(pk__in=[])
    for found in rights.teams:
        if READ not in found.rights:
            continue
        of_team = Q(team=found.team)
        if found.name != PLATFORM:
            allowed = {*found.feeds, ""} if found.feeds else set()
            of_platform = Q(event__team__name=PLATFORM) | Q(event__team__isnull=True, event__delivery__isnull=True)
            by_grant = Q(event__feed__in=allowed - feeds_of_teams())
            by_grant |= Q(event__feed__in=allowed & feeds_of_teams()) & of_platform
            of_team &= by_grant | Q(event__team=found.team)
        condition |= of_team
    return condition


def members_with_address(teams: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return account -> those of the teams that it reads in, for active accounts with a confirmed mail address."""
    confirmed = EmailAddress.objects.filter(verified=True, primary=True).values("user")
    rows = Membership.objects.filter(
        team__in=list(teams), role__in=_READERS, user__is_active=True, user__in=confirmed
    ).values_list("user_id", "team_id")
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for user, team in rows:
        found.setdefault(user, set()).add(team)
    return found


def address_of(user: User) -> str:
    """Return the confirmed mail address of an account; empty if it has none."""
    found = EmailAddress.objects.filter(user=user, verified=True, primary=True).first()
    return found.email if found else ""
