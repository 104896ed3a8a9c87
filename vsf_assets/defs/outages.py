"""Marks runs that failed because something outside the files and models was not available: a server, a bucket, a lock.

Here: which errors are of that kind, and the tag. Not here: what sensors make of the tag (backoff.py), and the attempts
within a run (warehouse/forms/shared_store.py, storage/s3_client.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from vsf_assets.common.errors import LockLostError, LockTimeoutError, OtherReleaseError, WarehouseUnavailableError
from vsf_assets.resources.run_tags import OUTAGE
from vsf_assets.storage.full_disk import causes, is_full
from vsf_assets.storage.s3_client import ObjectError, ObjectStoreError

_KINDS = (WarehouseUnavailableError, LockTimeoutError, LockLostError, OtherReleaseError)


def is_outage(error: BaseException) -> bool:
    """Whether an error means that a server, a bucket, a disk or a lock is not available, whatever the files hold."""
    import duckdb

    return is_full(error) or any(
        isinstance(cause, (*_KINDS, duckdb.IOException, duckdb.HTTPException))
        or (isinstance(cause, ObjectStoreError) and not isinstance(cause, ObjectError))
        for cause in causes(error)
    )


@contextmanager
def marked_outage(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Tag the run if an outage ends the block."""
    try:
        yield
    except Exception as error:
        if is_outage(error):
            context.instance.add_run_tags(context.run.run_id, {OUTAGE: type(error).__name__})
        raise
