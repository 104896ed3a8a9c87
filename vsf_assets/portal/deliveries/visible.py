"""Who may see which deliveries.

Here: the query that every page and answer begins with. Not here: who may deliver (begin.py).
"""

import uuid

from django.db.models import QuerySet

from vsf_assets.portal.accounts.rights import DELIVER, READ, AccountRights
from vsf_assets.portal.deliveries.models import Delivery


def visible_deliveries(rights: AccountRights) -> "QuerySet[Delivery]":
    """Return the deliveries that an account or a token may see: those of its teams, and to the platform's all."""
    found = Delivery.objects.select_related("team", "account", "mends")
    if rights.may_on_platform(READ):
        return found
    teams = [team.team for team in rights.teams if team.rights & {READ, DELIVER}]
    return found.filter(team__in=teams)


def find_delivery(rights: AccountRights, delivery: uuid.UUID) -> Delivery | None:
    """Return a delivery; None if there is none, or it may not be seen: both look the same."""
    return visible_deliveries(rights).filter(pk=delivery).first()
