"""The S3 resource of dagster-aws with bounded requests: time-outs, a pool of connections, retries of throttled ones.

Here: the limits that the resource of dagster-aws lacks. Not here: the resource of assets and sensors (object_store.py)
and the construction of a client (storage/s3_client.py). Importing dagster-aws takes a second or two, so this module is
imported only when a bucket is used.
"""

import os
from functools import lru_cache
from typing import Any

from dagster_aws.s3 import S3Resource
from pydantic import Field

from vsf_assets.storage.s3_client import LONGEST_CONNECT, POOL, make_client


class BoundedS3Resource(S3Resource):
    """An `S3Resource` whose requests end in bounded time; endpoint and credentials come from the environment."""

    connect_timeout: float = Field(default=LONGEST_CONNECT, description="seconds to wait for a connection")
    read_timeout: float = Field(default=20.0, description="seconds to wait for the next bytes of an answer")
    pool: int = Field(default=POOL, description="connections kept open")

    def get_client(self) -> Any:
        """Return a new client."""
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


def shared_client(fields: dict[str, Any], variables: tuple[tuple[str, str], ...]) -> Any:
    """Return the client of a resource with these fields; it is created once per process.

    Args:
        fields: fields of BoundedS3Resource.
        variables: the present values of the AWS client's own variables; if they change, another client is created.
    """
    return _client(tuple(sorted(fields.items())), variables, os.getpid())


@lru_cache(maxsize=4)
def _client(fields: tuple[tuple[str, Any], ...], variables: tuple[tuple[str, str], ...], process: int) -> Any:  # noqa: ARG001
    return BoundedS3Resource(**dict(fields)).get_client()
