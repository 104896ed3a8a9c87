"""Schemas of made-up files in tests of the portal.

Here: a schema with a column of each type, its form, and helpers. Not here: assertions.
"""

import io
import json
from datetime import date
from typing import Any

from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import schema_of
from vsf_assets.synthetic.writers import write_to
from vsf_assets_tests.portal.driver import Portal

SMALL: dict[str, Any] = {
    "name": "customers",
    "separator": "semicolon",
    "columns": [
        {"name": "id", "type": "Sequence", "from": 1000},
        {"name": "name", "type": "Full Name"},
        {"name": "born", "type": "Date", "from": "1950-01-01", "to": "2006-12-31", "format": "%d.%m.%Y"},
    ],
}
"""A schema whose bytes depend on no day."""

NEEDED = {
    "Choice": {"values": ["basic", "premium", 7], "weights": [9, 1, 0.5]},
    "Constant": {"value": "x"},
    "Regular Expression": {"pattern": r"[A-Z]{2}-\d{4}"},
    "Template": {"template": "{Full Name|first(1)|lower}.{Last Name|slug}"},
    "Formula": {"formula": "{Integer} * 2 + Decimal", "places": 3},
    "Foreign Key": {"schema": "customers", "column": "name", "rows": 50, "seed": 3},
}
"""Type -> the options that it needs."""


def every_type(name: str = "all types") -> dict[str, Any]:
    """Return a schema with a column of each type of the registry, called after it."""
    from vsf_assets.synthetic.model.column_types import KINDS

    columns = [{"name": kind.name, "type": kind.name, **NEEDED.get(kind.name, {})} for kind in KINDS]
    return {"name": name, "today": "2026-11-28", "columns": columns}


def bytes_of(content: dict[str, Any], rows: int, seed: int = 0, form: Any = "csv", *parents: dict[str, Any]) -> bytes:
    """Return the file that the generator writes, without any of the portal."""
    frames = Frames(
        schema_of(content), rows, seed, today=date(2026, 11, 28), parents=[schema_of(parent) for parent in parents]
    )
    target = io.BytesIO()
    write_to(frames, target, form, threads=1)
    return target.getvalue()


def marketer(portal: Portal, team: str = "made", name: str = "ann") -> Any:
    """Return a client of a marketer of a team."""
    return portal.client(portal.account(name, "marketer", team=team))


def post_schema(client: Any, content: Any, **header: str) -> Any:
    """Save a new schema by the API, and return the answer."""
    body = content if isinstance(content, str) else json.dumps(content)
    return client.post("/api/v1/schemas", body, content_type="application/json", **header)


def schema_id(client: Any, content: Any) -> str:
    """Save a new schema by the API, and return its id."""
    answer = post_schema(client, content)
    assert answer.status_code == 201, answer.content
    found: str = answer.json()["id"]
    return found


def order(client: Any, schema: str, **wanted: Any) -> Any:
    """Generate a file by the API, and return the answer."""
    return client.post(f"/api/v1/schemas/{schema}/files", json.dumps(wanted), content_type="application/json")


def streamed(answer: Any) -> bytes:
    """Return the bytes of an answer that is made while it is sent."""
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)
