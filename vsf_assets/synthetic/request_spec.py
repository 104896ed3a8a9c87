"""The validated request for a made-up file, or for the deletion of a schema.

Here: the conversion of a mapping (from a YAML or JSON file) into a request, or into an error that names the field. Not
here: running requests (pipeline/synthetic_fulfilment.py). Imports neither numpy nor polars, so it loads quickly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vsf_assets.synthetic.model.option_parsers import schema_name, whole, words
from vsf_assets.synthetic.model.request_limits import MOST_ROWS
from vsf_assets.synthetic.model.schema import SchemaError, only_known

FORMATS = ("csv", "parquet", "jsonl", "sql")
"""Formats of made-up files; each is also the ending of its name."""


@dataclass(frozen=True)
class FileRequest:
    """A request for a made-up file: schema, rows, seed, owner, format."""

    schema_name: str
    rows: int
    seed: int = 0
    owner: str | None = None
    format: str = "csv"


def _format(value: Any) -> str:
    if value not in FORMATS:
        raise ValueError(f"{value!r} is neither {', '.join(FORMATS[:-1])} nor {FORMATS[-1]}")
    return str(value)


def _rows(value: Any) -> int:
    found: int = whole(value)
    if not 0 <= found <= MOST_ROWS:
        raise ValueError(f"{found} is not allowed; write a number from 0 to {MOST_ROWS}")
    return found


_READERS: dict[str, Callable[[Any], Any]] = {
    "schema": schema_name,
    "rows": _rows,
    "seed": whole,
    "owner": words,
    "format": _format,
}


def request_of(content: Any) -> FileRequest:
    """Return the request that a mapping describes.

    Raises:
        SchemaError: the request is invalid; the message names the field.
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
    """Return the name of the schema that a mapping deletes, or None if it deletes none.

    Raises:
        SchemaError: the mapping deletes a schema, but does not name it.
    """
    if not isinstance(content, Mapping) or content.get("deleted") is not True:
        return None
    only_known("a deletion", "field", content, ("name", "deleted"))
    try:
        return str(schema_name(content.get("name")))
    except ValueError as error:
        raise SchemaError(f"name: {error}") from None
