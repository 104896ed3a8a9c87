"""Shows the catalog's source in `vsf status`, and decides whether `vsf run` must scan it.

Here: when a run scans the source. `vsf status` scans a folder, which takes milliseconds. For a server or a bucket it
shows the objects that the last recorded scan left to fetch. Not here: the scan itself (catalog/).
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.catalog.history import FetchedStates, SourceHistory
from vsf_assets.catalog.model.errors import SourceError
from vsf_assets.config.catalog_profiles import DEFAULT
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.storage.empty_folder import is_empty

if TYPE_CHECKING:
    from vsf_assets.landing.selection import Selection
    from vsf_assets.pipeline.status import Survey


@dataclass(frozen=True)
class SourceStatus:
    """The lines of `vsf status` about the catalog's source.

    Attributes:
        line: a sentence; empty if no catalog is in use.
        to_fetch: object -> time of the scan that first found it to fetch, None if no scan has recorded it yet.
    """

    line: str = ""
    to_fetch: dict[str, datetime | None] = field(default_factory=dict)


def source_status(settings: Settings, history: SourceHistory) -> SourceStatus:
    """Return the objects to fetch from the source of the chosen profile."""
    profile = settings.profiles[settings.profile]
    to_fetch: dict[str, datetime | None] = {name: history.known[name].at for name in history.to_fetch}
    seen = history.last_scan_at.strftime("%Y-%m-%d %H:%M:%S") if history.last_scan_at else "never"
    line = f"catalog source {profile.name}: {profile.address}; last recorded scan: {seen}"
    if profile.kind != "folder":
        if profile.name == DEFAULT and profile.is_own and not history.last_scan_at:
            return SourceStatus()
        return SourceStatus(f"{line}; not scanned by vsf status (vsf run scans it)", to_fetch)
    nothing = SourceStatus(line if history.last_scan_at else "", to_fetch)
    if profile.is_own and is_empty(Path(profile.address)):  # before the imports that a scan needs
        return nothing
    from vsf_assets.catalog.clients.factory import open_source
    from vsf_assets.catalog.scan import plan_of, scan_source

    try:
        scan = scan_source(open_source(profile), history.last_scan_at)
    except SourceError as error:
        return SourceStatus(f"{line}; {error}", to_fetch)
    if scan is None:
        return nothing
    plan = plan_of(scan, history, FetchedStates.read(settings, profile.name))
    now = {item.listed.name: item.at if item.at != scan.at else None for item in plan.fetch}
    gone = sum(state is None for _, state in plan.records)
    return SourceStatus(f"{line}; {len(now)} objects to fetch" + (f", {gone} newly vanished" if gone else ""), now)


def add_fetched_family(settings: Settings, selection: "Selection", found: "Survey", families: list[str]) -> str:
    """Add the catalog's family if its source has objects to fetch; return the error if it cannot be scanned."""
    if not selection.scans_sources:
        return ""
    family = all_feeds()[OBJECTS].family
    if family in families and selection.reload != "all":
        return ""  # its run scans the source itself
    from vsf_assets.catalog.scan import has_anything_to_fetch

    profile = settings.profiles[settings.profile]
    try:
        to_fetch = has_anything_to_fetch(settings, profile, found.history, selection.reload == "all")
    except SourceError as error:
        return str(error)
    if to_fetch and family not in families:
        families.append(family)
    return ""
