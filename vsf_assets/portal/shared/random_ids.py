"""Random ids that sort by time: UUIDs of version 7 (RFC 9562).

Here: making one. Not here: reading ids in addresses, which Django's `uuid` converter does.
"""

import os
import time
import uuid

_VERSION, _VARIANT = 0x7 << 76, 0b10 << 62


def new_id() -> uuid.UUID:
    """Return an id: 48 bits of milliseconds since 1970, then 74 random bits, so that no id can be guessed."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    number = (milliseconds & (2**48 - 1)) << 80 | _VERSION | (random >> 64 & 0xFFF) << 64 | _VARIANT
    return uuid.UUID(int=number | random & (2**62 - 1))
