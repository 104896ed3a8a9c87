"""The object store as a Dagster resource: provides the S3 client of a run or of a sensor's tick.

Here: the resource, cheap to import for a platform that uses no bucket. Not here: the S3 resource of dagster-aws that
creates the client (s3_resource.py, imported when a bucket is used), and commands, which access a bucket without Dagster
(storage/s3_client.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from pydantic import Field

from vsf_assets.config.settings import client_options
from vsf_assets.storage.s3_client import LONGEST_CONNECT, POOL, clients_from


class ObjectStoreResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """An S3-compatible object store; endpoint and credentials come from the AWS variables.

    The environment is read when a client is created, never when definitions load.
    """

    max_attempts: int = Field(default=0, description="how often a request is tried; 0: VSF_STORE_ATTEMPTS")
    read_timeout: float = Field(default=0.0, description="seconds to wait for an answer; 0: VSF_STORE_TIMEOUT")
    pool: int = Field(default=POOL, description="connections kept open")

    def get_client(self) -> Any:
        """Return a boto3 S3 client that many threads may use; one per process.

        Raises:
            SettingsError: a variable has an invalid value.
        """
        options = client_options()  # also exports the AWS variables of a `.env` file
        from vsf_assets.resources.s3_resource import shared_client

        timeout = self.read_timeout or options.timeout
        fields = {
            "max_attempts": self.max_attempts or options.attempts,
            "connect_timeout": min(LONGEST_CONNECT, timeout),
            "read_timeout": timeout,
            "pool": self.pool,
        }
        return shared_client(fields, options.variables)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Provide the S3 client to storage/ while a step or a tick runs; it is created at its first use."""
        with clients_from(self.get_client):
            yield
