"""The catalog's source on the command line: whether a run has to look there, and what the status tells of it.

Here: when a run looks; and that a status looks at a folder, which takes milliseconds, while of a server or
a bucket it tells what the last look left undone. Not here: the look (sources/).
"""

from dataclasses import dataclass, field
from datetime import datetime

from vsf_assets.catalog.clients.factory import open_source
from vsf_assets.catalog.history import FetchedStates, History
from vsf_assets.catalog.model.errors import SourceError
from vsf_assets.catalog.scan import is_anything_due, look_at_source, plan_of
from vsf_assets.config.catalog_profiles import DEFAULT
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.status import Survey


@dataclass(frozen=True)
class SourceStatus:
    """What is told.

    Attributes:
        line: a sentence; empty where no catalog is in use.
        due: object -> time of the look in which it was first due, None where no look has recorded it yet.
    """

    line: str = ""
    due: dict[str, datetime | None] = field(default_factory=dict)


def look_at(settings: Settings, history: History) -> SourceStatus:
    """Return what is due at the source of the chosen profile."""
    profile = settings.profiles[settings.profile]
    due: dict[str, datetime | None] = {name: history.known[name].at for name in history.due}
    seen = history.last_look.strftime("%Y-%m-%d %H:%M:%S") if history.last_look else "never"
    line = f"catalog source {profile.name}: {profile.address}; last recorded look: {seen}"
    if profile.kind != "folder":
        if profile.name == DEFAULT and profile.is_own and not history.last_look:
            return SourceStatus()
        return SourceStatus(f"{line}; not looked at now (vsf run does)", due)
    source = open_source(profile)
    try:
        look = look_at_source(source, history.last_look)
    except SourceError as error:
        return SourceStatus(f"{line}; {error}", due)
    if look is None:
        return SourceStatus(line if history.last_look else "", due)
    plan = plan_of(look, history, FetchedStates.read(settings, profile.name))
    now = {item.listed.name: item.at if item.at != look.at else None for item in plan.fetch}
    gone = sum(state is None for _, state in plan.records)
    return SourceStatus(f"{line}; {len(now)} objects due" + (f", {gone} newly gone" if gone else ""), now)


def add_what_is_due(settings: Settings, selection: Selection, found: Survey, families: list[str]) -> str:
    """Add the family that is fetched where something is due at its source; return why that cannot be told."""
    if not selection.looks:
        return ""
    family = all_feeds()[OBJECTS].family
    if family in families and selection.reload != "all":
        return ""  # its run looks by itself
    profile = settings.profiles[settings.profile]
    try:
        due = is_anything_due(settings, profile, found.history, selection.reload == "all")
    except SourceError as error:
        return str(error)
    if due and family not in families:
        families.append(family)
    return ""
