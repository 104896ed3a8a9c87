"""The object store as a Dagster resource: the S3 client of a run or a sensor's tick comes from here.

Here: the resource, light enough to load with the definitions of a platform that uses no bucket. Not here: the S3
resource of dagster-aws that makes the client (s3_resource.py, loaded when a bucket is used), and commands, which reach
a bucket without Dagster (storage/s3_client.py).
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

    The environment is read when a client is made, never when definitions load.
    """

    max_attempts: int = Field(default=0, description="how often a request is tried; 0: VSF_STORE_ATTEMPTS")
    read_timeout: float = Field(default=0.0, description="seconds to wait for an answer; 0: VSF_STORE_TIMEOUT")
    pool: int = Field(default=POOL, description="connections kept open")

    def get_client(self) -> Any:
        """Return a boto3 S3 client that many threads may use; one per process.

        Raises:
            SettingsError: a variable holds a value that cannot be used.
        """
        options = client_options()  # shows the AWS client what a `.env` file says, too
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
        """Let the engine take its client from here while a step or a tick runs; none is made unless it asks for one."""
        with clients_from(self.get_client):
            yield
