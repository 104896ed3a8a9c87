"""The object store as a Dagster resource.

Here: `dagster_aws`' resource with what it lacks: time-outs, a pool of connections, retries that
also cover throttling. Not here: the client (vsf_assets/storage/s3_client.py, which commands use without
Dagster) and what lies in the store.
"""

from typing import Any

from dagster_aws.s3 import S3Resource
from pydantic import Field

from vsf_assets.storage.s3_client import POOL, make_client


class ObjectStoreResource(S3Resource):
    """A client of an S3-compatible store; endpoint and credentials come from the environment."""

    connect_timeout: float = Field(default=5.0, description="seconds to wait for a connection")
    read_timeout: float = Field(default=20.0, description="seconds to wait for the next bytes of an answer")
    pool: int = Field(default=POOL, description="connections kept open")

    def get_client(self) -> Any:
        """Return a client that gives up in bounded time."""
        from botocore.handlers import disable_signing

        client = make_client(
            self.max_attempts,
            self.connect_timeout,
            self.read_timeout,
            self.pool,
            self.profile_name,
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            verify=self.verify,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.aws_access_key_id,
            aws_secret_access_key=self.aws_secret_access_key,
            aws_session_token=self.aws_session_token,
        )
        if self.use_unsigned_session:
            client.meta.events.register("choose-signer.s3.*", disable_signing)
        return client
