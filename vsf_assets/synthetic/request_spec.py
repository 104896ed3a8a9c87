"""The validated request for a made-up file, or for the deletion of a schema.

Here: how a mapping (of a YAML or JSON file) becomes a request or an error that names the field. Not here: how
requests are fulfilled (pipeline/synthetic_fulfilment.py). Light: no numpy, no polars.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vsf_assets.synthetic.model.option_parsers import schema_name, whole, words
from vsf_assets.synthetic.model.schema import SchemaError, only_known

FORMATS = ("csv", "parquet")
MOST_ROWS = 2**62
"""More rows could not be numbered."""


@dataclass(frozen=True)
class FileRequest:
    """What a request asks for."""

    schema_name: str
    rows: int
    seed: int = 0
    owner: str | None = None
    format: str = "csv"


def _format(value: Any) -> str:
    if value not in FORMATS:
        raise ValueError(f"{value!r} is neither csv nor parquet")
    return str(value)


def _rows(value: Any) -> int:
    found = whole(value)
    if not 0 <= found <= MOST_ROWS:
        raise ValueError(f"{found} cannot be; it is 0 or more")
    return found


_READERS = {
    "schema": schema_name,
    "rows": _rows,
    "seed": whole,
    "owner": words,
    "format": _format,
}


def request_of(content: Any) -> FileRequest:
    """Return the request that a mapping holds.

    Raises:
        SchemaError: it holds none; the message names the field.
    """
    if not isinstance(content, Mapping):
        raise SchemaError("a request is a mapping with schema and rows; see docs/made-up-files.md")
    only_known("the request", "field", content, _READERS)
    for field in ("schema", "rows"):
        if field not in content:
            raise SchemaError(f"{field}: it is missing; a request names schema and rows")
    found: dict[str, Any] = {}
    for field, value in content.items():
        try:
            found["schema_name" if field == "schema" else field] = _READERS[field](value)
        except ValueError as error:
            raise SchemaError(f"{field}: {error}") from None
    return FileRequest(**found)


def deleted_schema(content: Any) -> str | None:
    """Return the name of the schema that a mapping says is deleted, or None.

    Raises:
        SchemaError: it says so, but not of what.
    """
    if not isinstance(content, Mapping) or content.get("deleted") is not True:
        return None
    only_known("a deletion", "field", content, ("name", "deleted"))
    try:
        return schema_name(content.get("name"))
    except ValueError as error:
        raise SchemaError(f"name: {error}") from None
