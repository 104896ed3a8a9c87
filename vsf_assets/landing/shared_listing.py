"""One listing of the landing zone for all sensors that want one at the same time.

Here: the newest listing of each place, for a short time, per process. Not here: what a sensor does with it
(defs/landing_sensors.py). The sensors of all families watch the same place, and a listing of a bucket is a request that
costs time and money. A run lists by itself, because it must see what was there before it started.
"""

import threading
import time
from dataclasses import dataclass, field

from vsf_assets.storage.base import Store
from vsf_assets.storage.listing import Listing
from vsf_assets.storage.s3_client import is_address

FOLDER_SECONDS, BUCKET_SECONDS = 0.2, 4.0
"""How long a listing is used: less than the pause between two listings of a sensor."""


@dataclass
class _Newest:
    """The newest listing of a place, and when it began (monotonic seconds)."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = float("-inf")
    listing: Listing = field(default_factory=Listing)


_newest: dict[str, _Newest] = {}
_lock = threading.Lock()


def shared_listing(address: str, store: Store) -> Listing:
    """Return a listing of a place that began a moment ago, by this thread or another one.

    Args:
        address: the landing zone: a folder, or `s3://bucket/prefix`.
        store: the store at this address.

    Raises:
        OSError: the landing zone itself cannot be listed.
    """
    with _lock:
        newest = _newest.setdefault(str(address), _Newest())
    with newest.lock:
        began = time.monotonic()
        if began - newest.at > (BUCKET_SECONDS if is_address(str(address)) else FOLDER_SECONDS):
            newest.listing, newest.at = store.listing(), began
        return newest.listing
