"""Configures DuckDB's httpfs extension for an object store.

Here: a connection to a DuckDB file in a bucket. Not here: which file (s3_snapshot.py). The
extension comes as a package for exactly our DuckDB and is loaded from there; nothing is downloaded.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import client_options
from vsf_assets.storage.s3_client import ObjectStoreError, s3_client, split_address

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PACKAGE = "duckdb_extension_httpfs"


def connect_object(address: str, name: str) -> "DuckDBPyConnection":
    """Open a DuckDB file in an object store read-only, as the catalog `name` that the connection uses.

    Raises:
        ObjectStoreError: the file cannot be reached or is not there.
    """
    import duckdb

    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    try:
        load_httpfs(connection)
        give_credentials(connection, address)
        connection.execute(f"attach '{_quoted(address)}' as \"{name}\" (read_only)")
        connection.execute(f'use "{name}"')
    except duckdb.Error as error:
        connection.close()
        raise ObjectStoreError(f"{address} at {s3_client().meta.endpoint_url} cannot be opened: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def load_httpfs(connection: "DuckDBPyConnection") -> None:
    """Load DuckDB's extension for object stores from its package; see extension_file for what it raises."""
    connection.execute(f"load '{_quoted(str(extension_file()))}'")


def extension_file() -> Path:
    """Return where the extension lies.

    Raises:
        VsfError: the package has none for this DuckDB.
    """
    import duckdb

    found = find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or ()) if found else []
    file = Path(*folders[:1]) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    if not folders or not file.exists():
        raise VsfError(
            f"DuckDB {duckdb.__version__} has no httpfs here; install duckdb-extension-httpfs=={duckdb.__version__}"
        )
    return file


def give_credentials(connection: "DuckDBPyConnection", address: str) -> None:
    """Let a connection reach a bucket as the platform does; the secret lives as long as the connection."""
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
        secret["use_ssl"] = endpoint.scheme == "https"
    secret = {name: value for name, value in secret.items() if value is not None}
    fields = "".join(f", {name} ?" for name in secret)
    scope = _quoted(f"s3://{split_address(address)[0]}/")
    connection.execute(f"create secret (type s3, scope '{scope}'{fields})", list(secret.values()))
    connection.execute(f"set http_timeout = {max(1, round(options.timeout))}")
    connection.execute(f"set http_retries = {options.attempts - 1}")


def _keys() -> Any:
    """Return what the AWS client signs with: variables, a profile, or the machine's role; None for nothing."""
    import boto3

    found = boto3.session.Session().get_credentials()
    return found.get_frozen_credentials() if found else None


def _quoted(text: str) -> str:
    """Return a text for a place in SQL between quotes where no parameter may stand."""
    return text.replace("'", "''")
