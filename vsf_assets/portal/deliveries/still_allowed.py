"""Whether files whose bytes are all there may still land, asked right before they get their names.

A ticket is good for 24 hours, and no database is asked while bytes arrive; meanwhile an upload may be given up, a grant
or an account end, a team be deleted. Here: that question. Not here: whether an upload may begin (begin.py), and giving
names (fast/naming.py).
"""

import uuid
from collections.abc import Collection

from django.db import DatabaseError, close_old_connections, transaction

from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.partition_rules import PartitionRefusedError, hold_partition


def why_not(uploads: Collection[uuid.UUID]) -> str:
    """Return why files that get their names together may not land any more, and what to do; empty if they may."""
    found = list(Delivery.objects.select_related("account", "team").filter(pk__in=uploads))
    if len(found) < len(uploads):
        return "the portal does not know the delivery any more, since its team was deleted; begin a new upload"
    return next((reason for reason in map(_why_not, found) if reason), "")


def why_not_now(uploads: Collection[uuid.UUID]) -> str:
    """Return what `why_not` does, in a thread that belongs to no request.

    Raises:
        OSError: the database is away; the bytes stay, and the files get their names later.
    """
    try:
        close_old_connections()
        return why_not(uploads)
    except DatabaseError as error:
        raise OSError("the portal's database cannot be asked whether the file may land") from error


def _why_not(delivery: Delivery) -> str:
    if delivery.state not in (Delivery.SENDING, Delivery.LANDED):
        return delivery.reason or f"the upload was {delivery.state}; begin a new one"
    account = delivery.account
    if account is None or not account.is_active:
        return "the account that began the upload has ended; begin a new upload with another account"
    team = next((each for each in account.account_rights.teams if each.team == delivery.team_id), None)
    if team is None or not team.may_deliver(delivery.feed):
        return (
            f"the right to deliver {delivery.feed} ended while the file was sent; ask an administrator of the team for"
            " the role steward, or one of the platform for the grant, and begin a new upload"
        )
    try:
        with transaction.atomic():
            hold_partition(delivery.feed, delivery.partition, delivery.team_id)
    except PartitionRefusedError as error:
        return str(error)
    return ""
