"""The editor's form: a draft as rows of fields, the fields of a request as a draft, and what its buttons do to it.

Here: both directions, moves of rows, and the place of an error. Not here: single fields (option_fields.py), pages
(editor_views.py), and saving (saving.py).

Fields of a row are `c3-name`, `c3-type` and `c3-o-OPTION`; c3 is the row's place. A button's value is its action:
add, remove-3, up-3, down-3, preview, keep, save.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vsf_assets.portal.made.option_fields import CHECK, ColumnType, OptionField, type_of
from vsf_assets.synthetic.model.schema import QUOTES, SEPARATORS, column_problems

MOST_COLUMNS = 60
"""Columns that the form shows; a request has at most 1,000 fields. Schemas with more are edited as YAML."""

LONGEST = 10_000
"""Characters of a field."""

FIRST_COLUMN = {"name": "id", "type": "Sequence"}
"""The column with which a schema begins."""

_AT_COLUMN = re.compile(r"(?:, (?:option )?(?P<option>[a-z_]+))?: ")


@dataclass
class FieldOfRow:
    """An option of a row: its field, text and error."""

    field: OptionField
    text: str
    error: str = ""


@dataclass
class ColumnRow:
    """A row of the form.

    Attributes:
        place: from 0.
        name: header of the column.
        kind: its type; None for one that there is not.
        options: option -> its field, of those that the type has.
        errors: `name`, `type` or empty -> what is wrong.
    """

    place: int
    name: str
    kind: ColumnType | None
    type_name: str
    options: dict[str, FieldOfRow]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def more(self) -> list[FieldOfRow]:
        """The fields without a column of their own."""
        return [self.options[each.name] for each in (self.kind.more if self.kind else [])]

    @property
    def place_text(self) -> str:
        """Its place, for names of fields."""
        return str(self.place)

    @property
    def is_open(self) -> bool:
        """Whether the further options are shown: where one is set, needed or wrong."""
        return any(found.text or found.error or found.field.is_required for found in self.more)

    @property
    def has_error(self) -> bool:
        """Whether something is wrong in the row."""
        return bool(self.errors) or any(found.error for found in self.options.values())


def rows_of(draft: Mapping[str, Any]) -> list[ColumnRow]:
    """Return the rows of a draft, valid or not."""
    columns = draft.get("columns")
    return [_row(place, column) for place, column in enumerate(columns if isinstance(columns, list) else [])]


def _row(place: int, column: Any) -> ColumnRow:
    given = column if isinstance(column, Mapping) else {}
    kind = type_of(given.get("type"))
    fields = kind.options if kind else ()
    options = {each.name: FieldOfRow(each, each.text_of(given.get(each.name))) for each in fields}
    return ColumnRow(place, str(given.get("name", "")), kind, str(given.get("type", "")), options)


def draft_of(form: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the draft that a form describes; fields that the form does not have stay as they were."""
    draft = {"name": _text(form, "name").strip(), "separator": _named(form, "separator", SEPARATORS)}
    draft["quote"] = _named(form, "quote", QUOTES)
    if today := _text(form, "today").strip():
        draft["today"] = today
    if "table" in before:
        draft["table"] = before["table"]
    count = _text(form, "columns")
    rows = range(min(int(count), MOST_COLUMNS) if count.isascii() and count.isdecimal() and len(count) < 4 else 0)
    return {**draft, "columns": [_column(form, f"c{place}") for place in rows]}


def _column(form: Mapping[str, str], row: str) -> dict[str, Any]:
    name, type_name = _text(form, f"{row}-name"), _text(form, f"{row}-type")
    column: dict[str, Any] = {"name": name, "type": type_name}
    kind = type_of(type_name)
    for option in kind.options if kind else ():
        text = _text(form, f"{row}-o-{option.name}")
        if text.strip() if option.field != CHECK else text == "true":
            column[option.name] = option.value_of(text)
    return column


def _text(form: Mapping[str, str], name: str) -> str:
    return form.get(name, "")[:LONGEST].replace("\r\n", "\n").replace("\0", "")


def _named(form: Mapping[str, str], name: str, known: Mapping[str, str]) -> str:
    text = _text(form, name)
    return text if text in known else next(iter(known))


def name_of(character: Any, known: Mapping[str, str]) -> str:
    """Return the name of a separator or quote of a draft, which may be the character; the first for an unknown one."""
    names = {**{value: name for name, value in known.items()}, **{name: name for name in known}}
    return (names.get(character) if isinstance(character, str) else None) or next(iter(known))


def changed(draft: dict[str, Any], action: str) -> dict[str, Any]:
    """Return a draft after a button: a row was added, removed or moved; other buttons change nothing."""
    columns, (what, _, place) = list(draft["columns"]), action.partition("-")
    row = int(place) if place.isascii() and place.isdecimal() and len(place) < 4 else -1
    if what == "add" and len(columns) < MOST_COLUMNS:
        columns.append({"name": _free_header(columns), "type": "Full Name"})
    elif what == "remove" and 0 <= row < len(columns):
        del columns[row]
    elif what == "up" and 0 < row < len(columns):
        columns[row - 1], columns[row] = columns[row], columns[row - 1]
    elif what == "down" and 0 <= row < len(columns) - 1:
        columns[row + 1], columns[row] = columns[row], columns[row + 1]
    return {**draft, "columns": columns}


def _free_header(columns: list[dict[str, Any]]) -> str:
    taken = {str(column.get("name")) for column in columns}
    last = len(columns) + 1
    return next(name for number in range(last, 2 * last + 1) if (name := f"column {number}") not in taken)


def place_errors(rows: list[ColumnRow], draft: Mapping[str, Any], message: str) -> str:
    """Put the errors of a draft beside their fields; return what is left, for the whole form.

    `message` is the first error of the whole schema; columns that are wrong by themselves are all marked.
    """
    for place, problem in column_problems(draft).items():
        if place < len(rows):
            _put(rows[place], problem)
    for row in rows:
        if not row.has_error and _begin(row, message) is not None:
            _put(row, message)
            break
    return "" if any(row.has_error for row in rows) else message


def _begin(row: ColumnRow, message: str) -> str | None:
    """Return the part of a message after the name of a row's column; None if it is about another one."""
    for begin in (f"column {row.name!r}", f"column {row.place + 1}"):
        if message.startswith(begin) and message[len(begin) : len(begin) + 1] in (",", ":", " "):
            return message[len(begin) :]
    return None


def _put(row: ColumnRow, message: str) -> None:
    rest = _begin(row, message)
    found = _AT_COLUMN.match(rest) if rest is not None else None
    option = (found.group("option") or "") if found else ""
    words = rest[found.end() :] if found and rest else message
    if option in ("", "name") and not row.name:
        words = "give the column a name"
    if option in row.options:
        row.options[option].error = words
    else:
        row.errors[option if option in ("name", "type") else "name"] = words
