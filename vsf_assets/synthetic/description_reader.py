"""Reader of YAML and JSON files that describe one schema or one request.

Here: the reader of such files. Not here: the validation of schemas (synthetic/model/schema.py) and requests
(request_spec.py).
"""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from vsf_assets.contracts.derived_schemas import polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.feeds.reading import Described
from vsf_assets.readers.common.byte_stream import ByteStream, UnreadableError
from vsf_assets.readers.common.content_types import content_of
from vsf_assets.readers.common.decoding import read_all
from vsf_assets.readers.common.findings import FINDINGS
from vsf_assets.readers.common.portion import Portion
from vsf_assets.synthetic.model.schema import SchemaError, schema_of
from vsf_assets.synthetic.request_spec import deleted_schema, request_of
from vsf_assets.synthetic.schema_parser import LARGEST, parse_mapping


def portions(stream: ByteStream, table: Table, reading: Described) -> Iterator[Portion]:
    """Yield the one row of a file.

    Raises:
        UnreadableError: the file holds no valid schema or request; the reason names the column and the option.
    """
    content = read_all(stream, LARGEST)
    try:
        described = parse_mapping(content)
        row = _schema_row(described) if reading.what == "schema" else _request_row(described)
    except SchemaError as error:
        other = content_of(content)
        if other is not None:
            raise UnreadableError(other.anomaly, other.reason("YAML or JSON in UTF-8"), None, other.text) from None
        raise UnreadableError("unreadable_file", str(error)) from None
    types = {"_line": pl.Int64(), **polars_types(table)}
    frame = pl.DataFrame([{"_line": 1, **row}], schema=types)
    yield Portion({table.name: frame}, pl.DataFrame(schema=FINDINGS), 1)


def _schema_row(described: Any) -> dict[str, Any]:
    deleted = deleted_schema(described)
    if deleted is not None:
        return {"schema_name": deleted, "is_deleted": True, "columns": 0}
    schema = schema_of(described)
    return {
        "schema_name": schema.name,
        "is_deleted": False,
        "separator": schema.separator,
        "quote": schema.quote,
        "columns": len(schema.columns),
        "definition": json.dumps(described),
    }


def _request_row(described: Any) -> dict[str, Any]:
    return vars(request_of(described))
