"""Fields of a form for the options of column types, made from the registry of types, and their texts.

Here: for each kind of value, the field, the value of a text, and the text of a value. A new type, and a new option with
a kind of value that there is, need nothing here. Not here: the form as a whole (editor_form.py), and whether a value is
allowed (synthetic/model).
"""

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from vsf_assets.synthetic.model.column_types import BY_NAME, plain
from vsf_assets.synthetic.model.type_catalog import type_catalog

LINE, LINES, CHECK, SELECT, COLUMN, SCHEMA = "line", "lines", "check", "select", "column", "schema"
"""Fields: a line of text, several lines, a box to tick, a choice, names of columns, names of schemas."""

_FIELDS = {"boolean": CHECK, "choice": SELECT, "values": LINES, "column name": COLUMN, "schema name": SCHEMA}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,40})")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?")
_NUMERIC = ("integer", "decimal", "share")
IN_TABLE = ("from", "to", "order")
"""Options with a column of their own in the table, as in the original."""


@dataclass(frozen=True)
class OptionField:
    """A field of a form.

    Attributes:
        name: of the option.
        kind: of its value, as the registry calls it.
        field: LINE, LINES, CHECK, SELECT, COLUMN or SCHEMA.
        help: what it means.
        default: text of the default; empty if there is none.
        is_required: whether it must be given.
        choices: of SELECT, texts.
        column_types: of COLUMN, the types that are meant; empty for any.
    """

    name: str
    kind: str
    field: str
    help: str
    default: str
    is_required: bool
    choices: tuple[str, ...]
    column_types: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its label."""
        return self.name.replace("_", " ").capitalize()

    @property
    def is_numeric(self) -> bool:
        """Whether it takes a number."""
        return self.kind in _NUMERIC

    @property
    def is_wide(self) -> bool:
        """Whether its text is in a small language, and needs room."""
        return self.kind in ("template", "formula", "regular expression")

    def value_of(self, text: str) -> Any:
        """Return the value of a text as a schema file has it; a text that fits no value stays, and is refused later."""
        text = text if self.field == LINES else text.strip()
        if self.field == CHECK:
            return text == "true"
        if self.kind in _NUMERIC:
            return _number(text)
        if self.kind == "value":
            return plain_value(text)
        if self.kind == "values":
            return [plain_value(line.strip()) for line in text.splitlines() if line.strip()]
        if self.kind == "weights":
            return [_number(part) for part in re.split(r"[\s,;]+", text) if part]
        if self.kind == "choice":
            return _number(text) if text.isdecimal() else text
        return text

    def text_of(self, value: Any) -> str:
        """Return the text of a value, from which `value_of` makes the same value."""
        if value is None:
            return ""
        if self.field == CHECK:
            return "true" if value is True else ""
        if self.kind == "value":
            return text_of_value(value)
        if isinstance(value, list):
            joined = "\n" if self.kind == "values" else ", "
            return joined.join(text_of_value(each) for each in value)
        return _shown(value)


@dataclass(frozen=True)
class ColumnType:
    """A type of the registry, with its fields."""

    name: str
    group: str
    help: str
    options: tuple[OptionField, ...]

    def option(self, name: str) -> OptionField | None:
        """Return the field of an option; None if the type does not have it."""
        return next((field for field in self.options if field.name == name), None)

    @property
    def more(self) -> list[OptionField]:
        """The options without a column of their own in the table."""
        return [field for field in self.options if field.name not in IN_TABLE]


@cache
def column_types() -> dict[str, ColumnType]:
    """Return name -> type, in the order of the registry."""
    catalog = type_catalog()
    of_all = tuple(_field(option) for option in catalog["every_column"])
    found = {}
    for kind in catalog["types"]:
        every = tuple(field for field in of_all if field.name != "unique" or kind["can_be_unique"])
        options = tuple(_field(option) for option in kind["options"]) + every
        found[kind["name"]] = ColumnType(kind["name"], kind["group"], kind["help"], options)
    return found


@cache
def types_by_group() -> list[tuple[str, list[ColumnType]]]:
    """Return (heading, its types), for a list of all types."""
    groups: dict[str, list[ColumnType]] = {}
    for kind in column_types().values():
        groups.setdefault(kind.group, []).append(kind)
    return sorted(groups.items())


def type_of(name: Any) -> ColumnType | None:
    """Return the type of a name, which may be spelt as in a schema file; None for an unknown one."""
    kind = BY_NAME.get(plain(name)) if isinstance(name, str) else None
    return column_types()[kind.name] if kind is not None else None


def _field(option: dict[str, Any]) -> OptionField:
    field = _FIELDS.get(option["kind"], LINE)
    default = option["default"]
    return OptionField(
        name=option["name"],
        kind=option["kind"],
        field=field,
        help=option["help"],
        default="" if default is None or default is False else _shown(default),
        is_required=option["required"],
        choices=tuple(str(choice) for choice in option["choices"]),
        column_types=tuple(option["column_types"]),
    )


def plain_value(text: str) -> Any:
    """Return a text as a number, true or false where it is written so, and as a text otherwise or in quotes."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return _number(text)


def text_of_value(value: Any) -> str:
    """Return the text from which `plain_value` makes a value."""
    if isinstance(value, str):
        needs_quotes = plain_value(value) != value or value != value.strip()
        return f'"{value}"' if needs_quotes else value
    return _shown(value)


def _number(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) and math.isfinite(float(text)) else text


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else repr(value) if isinstance(value, float) else str(value)
