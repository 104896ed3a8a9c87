"""A schema as it lands: validated, under a name that no other team has, and complete for ever.

Here: what differs between the schema that its author wrote and the file that lands. Not here: landing it (saving.py).

An author's name is one of his team, the name of a landed schema one of everybody; so a revision lands under its name
with an id. `table` keeps the author's name for SQL files, `today` the day on which it was saved, and foreign keys name
the revisions of the other schemas. With this, a file is equal byte for byte to that of `vsf generate` with the author's
schemas.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.synthetic.model.column_types import BY_NAME, plain
from vsf_assets.synthetic.model.schema import Schema, SchemaError, schema_of
from vsf_assets.synthetic.schema_parser import LARGEST

_STEM = 40
"""Characters of the author's name in the name of what lands."""


@dataclass(frozen=True)
class SavedSchema:
    """A saved schema of the same team.

    Attributes:
        name: as its author calls it.
        content: as its author wrote it, with the day on which its ranges of days end.
        landed_name: of its latest revision.
    """

    name: str
    content: Mapping[str, Any]
    landed_name: str


def validated(content: Any) -> Schema:
    """Return the schema of a content.

    Raises:
        SchemaError: it is invalid, or too long to land.
    """
    schema = schema_of(content)
    if len(json.dumps(content)) > LARGEST - 10_000:
        raise SchemaError(f"the schema has more than {LARGEST - 10_000:,} bytes; split it")
    return schema


def stem_of(name: str) -> str:
    """Return the beginning of the name of what lands for a schema."""
    return re.sub(r"\.+", ".", name)[:_STEM].rstrip(" .-")


def with_day(content: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return a valid content with the day on which its ranges of days end, if one is open and it does not say it."""
    if not schema_of(content).is_open:
        return dict(content)
    return {"name": content["name"], "today": day.isoformat(), **content}


def landed_content(content: Mapping[str, Any], landed_name: str, day: date, others: Mapping[str, SavedSchema]) -> Any:
    """Return what lands.

    Args:
        content: the author's, which is valid.
        landed_name: under which it lands.
        day: on which ranges of days end by default.
        others: author's name -> the saved schemas that foreign keys may name.

    Raises:
        SchemaError: a foreign key names a schema that is not among them.
    """
    full = with_day(content, day)
    columns = [_landed_column(column, others) for column in content["columns"]]
    return {**full, "name": landed_name, "table": full.get("table", content["name"]), "columns": columns}


def _landed_column(column: Mapping[str, Any], others: Mapping[str, SavedSchema]) -> dict[str, Any]:
    if not is_foreign_key(column):
        return dict(column)
    return {**column, "schema": _other(column, others).landed_name}


def parents_of(content: Mapping[str, Any], others: Mapping[str, SavedSchema]) -> list[SavedSchema]:
    """Return the schemas that foreign keys lead to, also those of foreign keys of other schemas.

    Raises:
        SchemaError: one is not there, or is the schema itself.
    """
    found: dict[str, SavedSchema] = {}
    waiting = [column for column in content["columns"] if is_foreign_key(column)]
    while waiting:
        column = waiting.pop()
        if column["schema"] == content["name"] and content["name"] not in others:
            by = f"column {column['name']!r}, option schema"
            raise SchemaError(f"{by}: it leads back to this schema; schemas must not refer to each other in a circle")
        parent = _other(column, others)
        if parent.name not in found:
            found[parent.name] = parent
            waiting += [each for each in parent.content["columns"] if is_foreign_key(each)]
    return list(found.values())


def is_foreign_key(column: Any) -> bool:
    """Whether a column takes the values of another schema's file."""
    kind = BY_NAME.get(plain(str(column.get("type")))) if isinstance(column, Mapping) else None
    return kind is not None and kind.name == "Foreign Key"


def _other(column: Mapping[str, Any], others: Mapping[str, SavedSchema]) -> SavedSchema:
    name = column["schema"]
    if name not in others:
        there = ", ".join(others) or "none"
        hint = did_you_mean(name, others)
        raise SchemaError(
            f"column {column['name']!r}, option schema: the team has no saved schema {name!r}; there are: {there}{hint}"
        )
    return others[name]


def names_of(schemas: Iterable[SavedSchema]) -> dict[str, SavedSchema]:
    """Return author's name -> schema."""
    return {schema.name: schema for schema in schemas}
