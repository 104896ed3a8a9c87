"""Computes the contract version of each feed, cached on disk.

Here: the version (a digest of the meaning of a contract), and its cache, whose key is the digest of the source text.
Not here: the fields that a version covers (contracts/derived_schemas.py). A comment in a contract changes the source
text and not the version, so no file is read again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.storage.home_cache import read_note, write_note

PACKAGE = Path(__file__).resolve().parent.parent
NOTE = "contract-versions"


@dataclass(frozen=True)
class Versions:
    """The contract versions and the encodings that files are read with.

    Attributes:
        by_feed: feed name -> version of its contract.
        encodings: source profile -> encoding of its files, if it is not UTF-8.
        profiles: source profiles of the settings.
    """

    by_feed: Mapping[str, str]
    encodings: Mapping[str, str]
    profiles: frozenset[str] = frozenset()

    def of(self, feed: str, partition: str | None) -> str:
        """Return the version that is recorded with a file's rows; a file with another recorded one is read again."""
        encoding = self.encodings.get(partition or "") if all_feeds()[feed].has_source_encoding else None
        return self.by_feed[feed] + (f"-{encoding}" if encoding else "")

    def can_read(self, feed: str, partition: str | None) -> bool:
        """Whether the settings can read a file again; False for a source that they no longer have."""
        return not all_feeds()[feed].is_fetched or partition in self.profiles


def contract_versions(settings: Settings) -> Versions:
    """Return the current versions."""
    return Versions(_by_feed(settings), settings.encodings, frozenset(settings.profiles))


def _by_feed(settings: Settings) -> dict[str, str]:
    source = _source_digest()
    cached = read_note(settings, NOTE)
    if cached.get("source") == source and isinstance(cached.get("versions"), dict):
        return dict(cached["versions"])
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
    """Compute the version of a feed's contract without the cache; this imports the contracts."""
    from vsf_assets.contracts import get_table
    from vsf_assets.contracts.derived_schemas import contract_version
    from vsf_assets.feeds.reading import reading_text

    return contract_version(tuple(get_table(name) for name in feed.tables), reading_text(feed.reading))
