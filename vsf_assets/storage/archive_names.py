"""Builds and parses the names of originals in the archive.

Here: building and matching names. Not here: storing originals and reading the archive (archive/).
"""

import hashlib
import re
from datetime import datetime

STAMP = "%Y%m%dT%H%M%S.%fZ"
NOT_KEPT_SUFFIX = ".not-kept"
CHANGED_SUFFIX = ".changed"
"""Suffix of an empty file beside an original; it records that the original was written to after it was loaded."""

SHA256_OF_NOTHING = hashlib.sha256(b"").hexdigest()[:12]
ORIGINAL_NAME = re.compile(r"^(\d{8}T\d{6}\.\d{6}Z)__([0-9a-f]{12})__(.+)$", re.DOTALL)


def archive_path(feed: str, partition: str | None, landed_at: datetime, sha256: str, name: str) -> str:
    """Return the path of an original: `<feed>/[<partition>/]<landed_at>__<12 of sha256>__<name>`."""
    file = f"{landed_at.strftime(STAMP)}__{sha256[:12]}__{name}"
    return "/".join(part for part in (feed, partition, file) if part)
