"""What every page shows around its content: places that the reader may visit, the service, the snapshot.

Here: the context of all templates. Not here: the content of a page (its view).
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from vsf_assets.common.processes import is_same
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.portal.accounts.rights import CAMPAIGNS, DELIVER, MANAGE, READ, AccountRights
from vsf_assets.portal.notices.notice_lists import MOST_COUNTED, unread_count
from vsf_assets.portal.shared.theme import THEMES, theme_of
from vsf_assets.runs.service_state import read_state


@dataclass(frozen=True)
class Place:
    """An entry of the navigation."""

    name: str
    address: str
    is_here: bool


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Return what every page shows."""
    opened = getattr(getattr(request, "snapshot", None), "opened", None)
    user = getattr(request, "user", None)
    is_in = user is not None and user.is_authenticated
    return {
        "places": _places(request) if is_in else [],
        "unread_notices": _unread(user) if is_in else "",
        "service_runs": service_runs() if is_in else True,
        "snapshot": opened,
        "snapshot_at": datetime.fromtimestamp(opened.published, UTC) if opened and opened.published else None,
        "signup": settings.VSF_PORTAL.signup,
        "theme": theme_of(request),
        "themes": THEMES,
        "has_mail": settings.VSF_PORTAL.mail is not None,
    }


def _unread(user: Any) -> str:
    """Return how many notices the header counts; empty if all are read."""
    count = unread_count(user)
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count or "")


def _places(request: HttpRequest) -> list[Place]:
    account_rights = request.user.account_rights
    found = [("Home", "/"), ("Status", "/status/")]
    found += [("Deliveries", "/deliveries/")] if account_rights.may(READ) or account_rights.may(DELIVER) else []
    found += [("Dictionaries", "/dictionaries/")] if account_rights.may(READ) or account_rights.may(DELIVER) else []
    found += [("Data", "/data/")] if account_rights.may(READ) else []
    found += [("Insights", "/insights/")] if account_rights.may(READ) else []
    found += [("Campaigns", "/scores/")] if reads_campaigns(account_rights) else []
    makes = account_rights.may(READ) or account_rights.may(CAMPAIGNS)
    found += [("Made-up files", "/made-up-files/")] if makes else []
    found += [("Catalog", "/catalog/")] if OBJECTS in account_rights.feeds(READ, all_feeds()) else []
    found += [("Questions", "/questions/")] if account_rights.may(READ) else []
    found += [("API", "/api/docs")]
    found += [("Team", "/team/")] if account_rights.may(MANAGE) else []
    found += [("Admin", "/admin/")] if request.user.is_staff else []
    path = request.path
    return [Place(name, to, path == to if to == "/" else path.startswith(to)) for name, to in found]


def reads_campaigns(account_rights: AccountRights) -> bool:
    """Whether an account may read the feeds that campaigns are scored by."""
    known = all_feeds()
    of_campaigns = {feed.name for feed in known.values() if feed.models == "campaigns"}
    return of_campaigns <= account_rights.feeds(READ, known)


_seen: list[tuple[float, bool]] = []


def service_runs() -> bool:
    """Whether a service runs for this home; looked up at most once a second."""
    now = time.monotonic()
    if _seen and now - _seen[0][0] < 1.0:
        return _seen[0][1]
    state = read_state(settings.VSF.home)
    try:
        runs = state is not None and is_same(state.pid, datetime.fromisoformat(state.since))
    except ValueError:
        runs = False
    _seen[:] = [(now, runs)]
    return runs
