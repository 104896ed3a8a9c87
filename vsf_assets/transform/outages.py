"""Models that failed because something outside of them was not available: a full disk, a bucket, a database, a lock.

Here: telling such failures from errors of the models by DuckDB's messages, which dbt passes on as text. Not here: the
build (dbt_runner.py), and what sensors make of an outage (defs/outages.py).
"""

import re
from collections.abc import Sequence

from vsf_assets.common.errors import WarehouseUnavailableError
from vsf_assets.storage.full_disk import is_full

_OUTAGE = re.compile(
    r"\b(IO Error|HTTP Error|Connection Error): |\bTransactionContext Error: Failed to commit: |\bvsf-fence: "
)
"""How DuckDB begins errors of files, of a bucket and of a database, and how a lake refuses who lost its lock."""


def refuse_outage(messages: Sequence[str]) -> None:
    """Raise an error if a message of a failed model means an outage; the models would succeed without it.

    Raises:
        OSError: the disk is full.
        WarehouseUnavailableError: database or place of the data files did not answer, or the lock is lost.
    """
    for message in messages:
        if is_full(message):
            raise OSError(" ".join(message.split()))
    for message in messages:
        if _OUTAGE.search(message):
            raise WarehouseUnavailableError(
                f"the build could not read or write the warehouse: {' '.join(message.split())}. The earlier snapshot"
                " stays current; the next run builds"
            )
