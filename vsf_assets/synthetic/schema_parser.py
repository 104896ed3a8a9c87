"""Parses YAML and JSON schema files strictly, with line numbers.

Here: turning a file's text into a mapping; keys that stand twice, references between parts and huge files are
refused, since a strict reader is the only one that can tell a writer what went wrong. Not here: what the
mapping means (synthetic/model/schema.py).
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from vsf_assets.common.regular_files import NotRegularError, read_regular
from vsf_assets.synthetic.model.schema import Schema, SchemaError, schema_of

LARGEST = 1_000_000
"""Bytes of a schema file; thousands of columns fit."""

_TOO_MANY_DIGITS = "a whole number in it has more than 4,300 digits; whole numbers fit 64 bits"

DEEPEST = 50
"""Brackets that may be open at once."""

_PLAIN_WORDS = {
    "bool": r"^(?:true|True|false|False)$",
    "null": r"^(?:~|null|Null|)$",
    "int": r"^[-+]?(?:0|[1-9][0-9]*)$",
    "float": r"^[-+]?(?:[0-9]*\.[0-9]+|[0-9]+\.|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+)$",
}
"""What words without quotes are, beside texts, as in JSON: so `no` stays a word, and 2024-02-30 reaches the check
that names its column."""


def read_schema(path: Path) -> Schema:
    """Return the schema of a YAML or JSON file; the name of the file does not matter.

    Raises:
        SchemaError: it cannot be read, or is no schema; the message begins with the path.
    """
    try:
        content = read_regular(path, LARGEST + 1)
        if len(content) > LARGEST:
            raise SchemaError(f"the file has more than {LARGEST} bytes")
        return parse_schema(content)
    except NotRegularError as error:
        raise SchemaError(f"{path}: {error.strerror}; save the schema as a file") from None
    except OSError as error:
        raise SchemaError(f"{path}: {error.strerror}") from None
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from None


def parse_schema(content: bytes) -> Schema:
    """Return the schema that bytes of YAML or JSON hold.

    Raises:
        SchemaError: they hold none.
    """
    return schema_of(parse_mapping(content))


def parse_mapping(content: bytes) -> Any:
    """Return what bytes of YAML or JSON hold.

    Raises:
        SchemaError: they are neither; the message names line and column.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(f"it is not UTF-8 (byte {error.start})") from None
    try:
        return _from_json(text) if text.lstrip().startswith("{") else _from_yaml(text)
    except RecursionError:
        raise SchemaError("it is nested too deeply") from None


def _from_json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise SchemaError(f"{key!r} stands twice in one object")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise SchemaError(f"it is not valid JSON: {error}") from None
    except ValueError:
        raise SchemaError(_TOO_MANY_DIGITS) from None


def _from_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=_strict_loader())  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SchemaError(f"it is not valid YAML: {place}{error.problem}") from None
    except yaml.YAMLError as error:
        raise SchemaError(f"it is not valid YAML: {error}") from None
    except ValueError:  # the tags that fail in other ways are refused before
        raise SchemaError(_TOO_MANY_DIGITS) from None


@cache
def _strict_loader() -> Any:
    import yaml

    class Strict(yaml.SafeLoader):
        """Refuses keys that stand twice, and aliases, with which a small file can hold a huge one."""

        yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark
                raise SchemaError(f"line {mark.line + 1}: references (*) are not read; write the part again")
            event = self.peek_event()
            if getattr(event, "tag", None) is not None:
                raise SchemaError(
                    f"line {event.start_mark.line + 1}: YAML tags (!) are not read; leave {event.tag!r} out"
                )
            return super().compose_node(parent, index)

        def fetch_flow_collection_start(self, token_class: Any) -> Any:
            if self.flow_level >= DEEPEST:  # the scanner looks at every open bracket for each further one
                raise SchemaError(f"line {self.line + 1}: it is nested too deeply")
            return super().fetch_flow_collection_start(token_class)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            _refuse_doubled(node)
            return super().construct_mapping(node, deep)

    for tag, found in _PLAIN_WORDS.items():
        Strict.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(found), None)
    return Strict


def _refuse_doubled(node: Any) -> None:
    """Raise SchemaError where a key of a YAML mapping is no word, or stands twice."""
    seen = set()
    for key, _ in node.value:
        if not isinstance(key.value, str):
            raise SchemaError(f"line {key.start_mark.line + 1}: a key is a plain word")
        if key.value in seen:
            raise SchemaError(f"line {key.start_mark.line + 1}: {key.value!r} stands twice in one mapping")
        seen.add(key.value)
