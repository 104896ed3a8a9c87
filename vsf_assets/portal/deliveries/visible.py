"""Who may see which deliveries, and who may give one up.

Here: the queries that every page and answer begins with. A delivery belongs to its team; to others it looks like one
that never was, whatever feeds they may read. Not here: who may deliver (begin.py).
"""

import uuid

from django.db.models import QuerySet

from vsf_assets.portal.accounts.rights import DELIVER, READ, AccountRights
from vsf_assets.portal.deliveries.models import Delivery


def visible_deliveries(rights: AccountRights) -> "QuerySet[Delivery]":
    """Return the deliveries of the teams of an account, or of the team of a token."""
    teams = [team.team for team in rights.teams if team.rights & {READ, DELIVER}]
    return Delivery.objects.select_related("team", "account", "mends").filter(team__in=teams)


def find_delivery(rights: AccountRights, delivery: uuid.UUID) -> Delivery | None:
    """Return a delivery; None if there is none, or it may not be seen: both look the same."""
    return visible_deliveries(rights).filter(pk=delivery).first()


def may_change(rights: AccountRights, delivery: Delivery) -> bool:
    """Whether an account may give up a delivery: who may deliver files of its feed for its team."""
    return any(team.team == delivery.team_id and team.may_deliver(delivery.feed) for team in rights.teams)
