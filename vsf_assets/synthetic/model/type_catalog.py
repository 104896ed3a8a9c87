"""The column types as plain data, for pages, programs and `vsf generate --types`.

Here: each type with its options: kind of value, limits, default, help text. Not here: the types themselves
(column_types.py). Everything a page needs to offer a type is in here, so a new type needs no new page.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from vsf_assets.synthetic.model.column_types import EVERY_COLUMN, KINDS, Kind
from vsf_assets.synthetic.model.option_parsers import Option

VALUE_KINDS = {
    "integer": "a whole number of 64 bits",
    "decimal": "a number, exactly as written",
    "share": "a number from 0 to 1",
    "boolean": "true or false",
    "text": "a text",
    "choice": "one of the choices",
    "date": "a day, 2024-12-31",
    "datetime": "a time, 2024-12-31T23:59:59",
    "date format": "letters of strftime, %d.%m.%Y",
    "value": "a text, a number, true or false",
    "values": "a list of values",
    "weights": "a list of numbers, one for each of the values",
    "column name": "the header of a column",
    "schema name": "the name of a schema",
    "template": "a text with columns in braces",
    "formula": "numbers, columns, + - * / and parentheses",
    "regular expression": "a regular expression of the safe subset",
}
"""Kind of an option's value -> what one writes; a page shows one kind of field for each."""


def type_catalog() -> dict[str, Any]:
    """Return all types and the options of every column, as data that JSON can hold.

    Numbers that are decimals, days and times are texts in the form of a schema file. `to` of a day is `today` by
    default.
    """
    return {
        "types": [_described(kind) for kind in KINDS],
        "every_column": [_option(name, option) for name, option in EVERY_COLUMN.items()],
        "value_kinds": VALUE_KINDS,
    }


def _described(kind: Kind) -> dict[str, Any]:
    options = [_option(name, option) for name, option in kind.options.items()]
    for option in options:
        if option["name"] == "to" and option["kind"] in ("date", "datetime"):
            option["default"] = "today"
    return {
        "name": kind.name,
        "group": kind.group,
        "help": kind.meaning,
        "can_be_unique": kind.can_be_unique,
        "options": options,
    }


def _option(name: str, option: Option) -> dict[str, Any]:
    read = option.read
    return {
        "name": name,
        "kind": read.kind,
        "required": option.is_required,
        "default": _plain(option.default),
        "lowest": _plain(read.lowest),
        "highest": _plain(read.highest),
        "choices": list(read.choices),
        "column_types": list(option.column_types),
        "help": option.meaning,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
