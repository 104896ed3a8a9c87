"""Computes the contract version of each feed, cached on disk.

Here: the digest of what a contract means, kept beside the data under the digest of its source
text. A comment in a contract changes the text and not the version, so nothing is read again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.storage.cache_files import read_note, write_note

PACKAGE = Path(__file__).resolve().parent.parent
NOTE = "contract-versions"


@dataclass(frozen=True)
class Versions:
    """What files are read with.

    Attributes:
        by_feed: feed name -> version of its contract.
        encodings: source profile -> encoding of its files, where it is not UTF-8.
        profiles: source profiles that the settings know.
    """

    by_feed: Mapping[str, str]
    encodings: Mapping[str, str]
    profiles: frozenset[str] = frozenset()

    def of(self, feed: str, partition: str | None) -> str:
        """Return the version that a file's rows are recorded with; with another one it is read again."""
        encoding = self.encodings.get(partition or "") if all_feeds()[feed].has_source_encoding else None
        return self.by_feed[feed] + (f"-{encoding}" if encoding else "")

    def can_read(self, feed: str, partition: str | None) -> bool:
        """Whether it is known how a file is to be read; not of a source that is no longer in the settings."""
        return not all_feeds()[feed].is_fetched or partition in self.profiles


def contract_versions(settings: Settings) -> Versions:
    """Return the versions as they are now."""
    return Versions(_by_feed(settings), settings.encodings, frozenset(settings.profiles))


def _by_feed(settings: Settings) -> dict[str, str]:
    source = _source_digest()
    kept = read_note(settings, NOTE)
    if kept.get("source") == source and isinstance(kept.get("versions"), dict):
        return dict(kept["versions"])
    versions = _compute()
    write_note(settings, NOTE, {"source": source, "versions": versions})
    return versions


def _source_digest() -> str:
    digest = hashlib.sha256()
    for folder in ("contracts", "feeds"):
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _compute() -> dict[str, str]:
    return {feed.name: contract_version_of(feed) for feed in all_feeds().values()}


def contract_version_of(feed: Feed) -> str:
    """Return the version of a feed's contract, made anew; this loads the contracts."""
    from vsf_assets.contracts import get_table
    from vsf_assets.contracts.projections import contract_version
    from vsf_assets.feeds.reading import reading_text

    return contract_version(tuple(get_table(name) for name in feed.tables), reading_text(feed.reading))
