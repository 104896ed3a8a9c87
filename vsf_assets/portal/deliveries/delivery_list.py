"""Pages of deliveries, the latest first.

Here: filters and the cursor. Not here: who may see which (visible.py), and how a page looks (delivery_views.py).
"""

from dataclasses import dataclass

from vsf_assets.common.ulids import ulid_of, uuid_of
from vsf_assets.landing.delivery_path import deliverable_feeds
from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.visible import visible_deliveries
from vsf_assets.portal.shared.request_errors import WrongParameterError

STATES = tuple(state for state, _ in Delivery.STATES)


@dataclass(frozen=True)
class DeliveryPage:
    """Deliveries of a page, and the cursor of the next one; None at the end."""

    deliveries: list[Delivery]
    next: str | None


def list_deliveries(rights: AccountRights, state: str, feed: str, after: str, limit: int) -> DeliveryPage:
    """Return a page.

    Args:
        rights: of the account or the token.
        state: one of STATES, or empty for all.
        feed: name of a feed, or empty for all.
        after: cursor of the page; empty for the first.
        limit: deliveries of a page.

    Raises:
        WrongParameterError: a filter or the cursor is not understood.
    """
    found = visible_deliveries(rights).order_by("-id")  # ids sort by the time at which they were made
    if state:
        if state not in STATES:
            raise WrongParameterError(f"there is no state {state[:40]!r}; states: {', '.join(STATES)}")
        found = found.filter(state=state)
    if feed:
        if feed not in deliverable_feeds():
            raise WrongParameterError(f"there is no feed {feed[:40]!r}; feeds: {', '.join(deliverable_feeds())}")
        found = found.filter(feed=feed)
    if after:
        try:
            found = found.filter(id__lt=uuid_of(after))
        except ValueError:
            raise WrongParameterError("after is the value of next in the page before") from None
    rows = list(found[: limit + 1])
    return DeliveryPage(rows[:limit], ulid_of(rows[limit - 1].id) if len(rows) > limit else None)
