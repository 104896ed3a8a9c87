"""A schema as text: the YAML that `vsf generate` reads.

Here: writing it, so that reading it gives the same values again. Not here: reading (synthetic/schema_parser.py).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from vsf_assets.synthetic.model.schema import SchemaError
from vsf_assets.synthetic.schema_parser import parse_mapping

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.]*(?: [A-Za-z0-9_.]+)*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that are quoted, since readers of YAML differ about them."""


_FIRST = ("name", "type", "table", "schema", "rows", "separator", "quote", "today")
"""Fields that stand first, in this order; a database may have changed the order of the author."""


def as_yaml(content: Mapping[str, Any]) -> str:
    """Return a schema, or a request, as YAML; columns are a line each, and stand last."""
    lines = []
    for field, value in sorted(content.items(), key=lambda item: (item[0] == "columns", _place(item[0]))):
        if field == "columns":
            lines.append("columns:")
            lines += [f"  - {_value(column)}" for column in value]
        else:
            lines.append(f"{field}: {_value(value)}")
    return "\n".join(lines) + "\n"


def from_text(text: str) -> Any:
    """Return what YAML or JSON describes, if a database can hold it.

    Raises:
        SchemaError: it is neither, or holds numbers or characters that cannot be stored.
    """
    content = parse_mapping(text.encode(errors="surrogatepass"))
    try:
        stored = json.dumps(content, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:  # also halves of surrogate pairs
        raise SchemaError("it holds numbers that are not finite, or halves of characters") from None
    if b"\\u0000" in stored:
        raise SchemaError("it holds NUL characters")
    return content


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        ordered = sorted(value.items(), key=lambda item: _place(str(item[0])))
        return "{" + ", ".join(f"{_text(str(key))}: {_value(each)}" for key, each in ordered) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value) if isinstance(value, int | float) else _text(str(value))


def _place(field: str) -> int:
    return _FIRST.index(field) if field in _FIRST else len(_FIRST)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
