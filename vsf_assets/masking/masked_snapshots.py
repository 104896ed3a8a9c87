"""Finds the masked copies of snapshots, in a folder or in a bucket.

Here: their places and names. Not here: making one (masked_copy.py), and who asks them (portal/data/asked_snapshot.py).

They stand beside the snapshots as `masked/<mark>/vsf-<n>.duckdb`. The mark is made of the key of pseudonyms and of the
declared personal columns: with another key, or another column declared, no copy that was made before is found.
"""

import hmac
import json
from functools import cache
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.contracts.personal import personal_names, quoting_names
from vsf_assets.snapshots.current import Snapshot
from vsf_assets.snapshots.s3_snapshot import NAME, StoredSnapshot, open_prefix
from vsf_assets.storage.s3_client import is_address

FOLDER = "masked"
"""Folder of all masked copies in the place of the snapshots."""

RULES = 1
"""Number of the rules by which copies are made; another number makes all of them anew."""

_MARK_DIGITS = 16


@cache
def mark_of(key: bytes) -> str:
    """Return the mark of the copies that are made with a key of pseudonyms, by the present declarations."""
    declared = [RULES, sorted(personal_names().items()), sorted(quoting_names())]
    return hmac.digest(key, b"masked copies " + json.dumps(declared).encode(), "sha256").hex()[:_MARK_DIGITS]


def place_of(settings: Settings, mark: str) -> str:
    """Return the folder, or the prefix of a bucket, of the copies with a mark."""
    return f"{settings.snapshots}/{FOLDER}/{mark}"


def masked_snapshots(settings: Settings, mark: str) -> dict[int, Snapshot]:
    """Return the masked copies with a mark by number, oldest first.

    Raises:
        OSError, VsfError: the place cannot be listed.
    """
    place = place_of(settings, mark)
    if is_address(place):
        store = open_prefix(place)
        names: dict[str, Snapshot] = {e.path: StoredSnapshot(store.at(e.path)) for e in store.every_entry()}
    else:
        folder = Path(place)
        names = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    found = {int(match.group(1)): snapshot for name, snapshot in names.items() if (match := NAME.match(name))}
    return {number: found[number] for number in sorted(found)}
