"""Rounds of looking and fetching without a warehouse: what is known is kept in memory.

Here: the stand-in for history.py, fed from the inbox as an ingest would. Not here: expectations.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from vsf_assets.catalog.fetch_round import RoundReport, fetch_from_source
from vsf_assets.catalog.history import SourceHistory
from vsf_assets.catalog.inbox import Inbox
from vsf_assets.catalog.model.plan import KnownObject
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.feeds.by_family.catalog import object_name

QUICK = {"connect_timeout": 1.0, "read_timeout": 1.0, "object_timeout": 6.0, "attempts": 4}


def profile_of(address: str, **given: object) -> Profile:
    """Return a profile with short time-outs."""
    return Profile(**{"name": "default", "address": address, "origin": "sources.toml", **QUICK, **given})  # type: ignore[arg-type]


@dataclass
class Fetcher:
    """A home that looks, fetches, and remembers what it took from its inbox.

    Attributes:
        home: folder.
        profile: the source.
        known, last_scan_at, list_sha256: as in History.
        taken: (feed, name, landed_at, content) of every file that was in the inbox.
        reported: progress.
    """

    home: Path
    profile: Profile
    known: dict[str, KnownObject] = field(default_factory=dict)
    last_scan_at: datetime | None = None
    list_sha256: str = ""
    taken: list[tuple[str, str, datetime, bytes]] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The home's settings, without waiting for files to settle."""
        return read_settings({"VSF_HOME": str(self.home), "VSF_SETTLE_SECONDS": "0"})

    def round(self, *, force: bool = False, gone: Collection[str] = ()) -> RoundReport:
        """Look, fetch, and take the inbox."""
        inbox = Inbox(self.settings)
        history = SourceHistory(self.known, self.last_scan_at, self.list_sha256)
        with inbox.held(5, self.reported.append):
            report = fetch_from_source(self.settings, inbox, self.profile, history, self.reported.append, force, gone)
            self._take(inbox)
        return report

    def _take(self, inbox: Inbox) -> None:
        for entry in sorted(inbox.store.entries(), key=lambda e: not e.path.startswith("catalog_looks/")):
            feed, _, _, name = entry.path.split("/")
            content = (inbox.root / entry.path).read_bytes()
            self.taken.append((feed, name, entry.modified, content))
            if feed == "catalog_looks":
                for line in content.decode().splitlines():
                    record = json.loads(line)
                    old = self.known.get(record["name"])
                    digest = old.sha256 if old else ""
                    self.known[record["name"]] = KnownObject(
                        entry.modified, record["position"], record["state"], sha256=digest
                    )
            elif feed == "catalog_list":
                self.last_scan_at, self.list_sha256 = entry.modified, hashlib.sha256(content).hexdigest()
            else:
                known = self.known[object_name(name)]
                digest = hashlib.sha256(content).hexdigest()
                self.known[object_name(name)] = replace(known, is_fetched=known.at == entry.modified, sha256=digest)
            (inbox.root / entry.path).unlink()

    def objects(self) -> list[tuple[str, bytes]]:
        """Return (name, content) of the objects taken since the last question, sorted; empties `taken`."""
        found = sorted((object_name(name), content) for feed, name, _, content in self.taken if feed == "catalog")
        self.taken.clear()
        return found


NOW = datetime.now(UTC)
