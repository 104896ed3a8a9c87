"""Configures DuckDB's httpfs extension for an object store.

Here: a connection to a DuckDB file in a bucket, and the secret of a bucket as SQL. Not here: which file
(snapshots/s3_snapshot.py, warehouse/forms/). The extension is installed as a Python package for exactly this version of
DuckDB and loaded from there; DuckDB downloads nothing.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vsf_assets.common.duckdb_extensions import sql_text
from vsf_assets.config.settings import client_options
from vsf_assets.storage.s3_client import s3_client, split_address

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXTENSION = "httpfs"


def give_credentials(connection: "DuckDBPyConnection", address: str) -> None:
    """Let a connection, which has loaded the extension, read a bucket for as long as it lives."""
    for statement in credential_statements(address):
        connection.execute(statement)


def credential_statements(address: str) -> tuple[str, ...]:
    """Return the SQL that makes a DuckDB secret of the platform's credentials for a bucket; it must stand in no log."""
    client, options = s3_client(), client_options()
    endpoint = urlsplit(client.meta.endpoint_url)
    keys = _keys()
    secret: dict[str, Any] = {
        "key_id": keys.access_key if keys else None,
        "secret": keys.secret_key if keys else None,
        "session_token": keys.token if keys else None,
        "region": client.meta.region_name if client.meta.region_name != "aws-global" else "us-east-1",
    }
    if not (endpoint.hostname or "").endswith(".amazonaws.com"):
        secret |= {"endpoint": endpoint.netloc + endpoint.path.rstrip("/"), "url_style": "path"}
        secret["use_ssl"] = str(endpoint.scheme == "https").lower()
    fields = "".join(f", {name} '{sql_text(value)}'" for name, value in secret.items() if value is not None)
    bucket = split_address(address)[0]
    return (
        f"create or replace secret \"of {bucket}\" (type s3, scope 's3://{sql_text(bucket)}/'{fields})",
        f"set http_timeout = {max(1, round(options.timeout))}",
        f"set http_retries = {options.attempts - 1}",
    )


def _keys() -> Any:
    """Return the AWS client's credentials, from variables, a profile or the machine's role; None if there are none."""
    import boto3

    credentials = boto3.session.Session().get_credentials()
    return credentials.get_frozen_credentials() if credentials else None
