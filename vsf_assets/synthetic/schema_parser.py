"""Parses YAML and JSON schema files strictly, with line numbers.

Here: parsing a file's text into a mapping. Duplicate keys, YAML aliases and huge files are refused, so that the author
of the file gets a message instead of an unexpected schema. Not here: the validation of the mapping
(synthetic/model/schema.py).
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from vsf_assets.common.regular_files import NotRegularError, read_regular
from vsf_assets.synthetic.model.schema import Schema, SchemaError, schema_of

LARGEST = 1_000_000
"""Largest size of a schema file in bytes; thousands of columns fit."""

_TOO_MANY_DIGITS = "a whole number in it has more than 4,300 digits; whole numbers fit 64 bits"

DEEPEST = 50
"""Largest depth of nested brackets."""

_PLAIN_WORDS = {
    "bool": r"^(?:true|True|false|False)$",
    "null": r"^(?:~|null|Null|)$",
    "int": r"^[-+]?(?:0|[1-9][0-9]*)$",
    "float": r"^[-+]?(?:[0-9]*\.[0-9]+|[0-9]+\.|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+)$",
}
"""The types of unquoted values besides text, as in JSON. So `no` stays a text, and 2024-02-30 reaches the validation,
which names its column."""


def read_schema(path: Path) -> Schema:
    """Return the schema of a YAML or JSON file; the file may have any name.

    Raises:
        SchemaError: the file cannot be read, or is not a valid schema; the message begins with the path.
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
    """Return the schema in bytes of YAML or JSON.

    Raises:
        SchemaError: the bytes hold no valid schema.
    """
    return schema_of(parse_mapping(content))


def parse_mapping(content: bytes) -> Any:
    """Parse bytes of YAML or JSON.

    Raises:
        SchemaError: the bytes are neither; the message names line and column.
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
                raise SchemaError(f"{key!r} occurs twice in one object")
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
    except ValueError:  # other tags that fail are refused earlier
        raise SchemaError(_TOO_MANY_DIGITS) from None


@cache
def _strict_loader() -> Any:
    import yaml

    class Strict(yaml.SafeLoader):
        """Refuses duplicate keys, tags, and aliases, by which a small file can expand to a huge one."""

        yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark
                raise SchemaError(f"line {mark.line + 1}: references (*) are not supported; repeat the part")
            event = self.peek_event()
            if getattr(event, "tag", None) is not None:
                raise SchemaError(
                    f"line {event.start_mark.line + 1}: YAML tags (!) are not supported; remove {event.tag!r}"
                )
            return super().compose_node(parent, index)

        def fetch_flow_collection_start(self, token_class: Any) -> Any:
            if self.flow_level >= DEEPEST:  # the scanner's time grows with the square of the depth
                raise SchemaError(f"line {self.line + 1}: it is nested too deeply")
            return super().fetch_flow_collection_start(token_class)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            _refuse_duplicate_keys(node)
            return super().construct_mapping(node, deep)

    for tag, found in _PLAIN_WORDS.items():
        Strict.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(found), None)
    return Strict


def _refuse_duplicate_keys(node: Any) -> None:
    """Raise SchemaError if a key of a YAML mapping is not a text, or occurs twice."""
    seen = set()
    for key, _ in node.value:
        if not isinstance(key.value, str):
            raise SchemaError(f"line {key.start_mark.line + 1}: a key must be a plain word")
        if key.value in seen:
            raise SchemaError(f"line {key.start_mark.line + 1}: {key.value!r} occurs twice in one mapping")
        seen.add(key.value)
