"""A schema as text: the YAML that `vsf generate` reads.

Here: writing it, so that reading it gives the same values again. Not here: reading (synthetic/schema_parser.py).
"""

import re
from collections.abc import Mapping
from typing import Any

from vsf_assets.synthetic.schema_parser import parse_mapping

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.]*(?: [A-Za-z0-9_.]+)*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that are quoted, since readers of YAML differ about them."""


def as_yaml(content: Mapping[str, Any]) -> str:
    """Return a schema, or a request, as YAML; columns are a line each."""
    lines = []
    for field, value in content.items():
        if field == "columns":
            lines.append("columns:")
            lines += [f"  - {_value(column)}" for column in value]
        else:
            lines.append(f"{field}: {_value(value)}")
    return "\n".join(lines) + "\n"


def from_text(text: str) -> Any:
    """Return what YAML or JSON describes; raises SchemaError."""
    return parse_mapping(text.encode(errors="surrogatepass"))


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value) if isinstance(value, int | float) else _text(str(value))


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
