"""Parses boolean rules of the settings file: comparisons of fields with numbers, `and`, `or`.

Here: parsing and validating the text, and its normal form, which is valid SQL in any engine. Not here: the setting
with the rule (catalog_profiles.py) and the models that use it (dbt).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

AWESOME = "size_bytes < 1000000"
"""The rule for awesome apps, unless a profile has its own."""

AWESOME_FIELDS = ("rating", "size_bytes")
OPERATORS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "==": "=", "!=": "!=", "<>": "!="}

_WORD = re.compile(r"\s*(?:([A-Za-z_]\w*)|([+-]?\d+(?:\.\d+)?)(?![\w.])|(<=|>=|==|!=|<>|<|>|=))")


class RuleError(ValueError):
    """A rule that cannot be parsed; the message names the error in it."""


@dataclass(frozen=True)
class Rule:
    """A validated rule.

    Attributes:
        sql: its normal form: `field op number [and|or …]`, where `and` binds closer than `or`.
    """

    sql: str


def parse_rule(text: str, fields: Collection[str] = AWESOME_FIELDS) -> Rule:
    """Parse a rule like `rating >= 4 and size_bytes < 1000000`.

    Args:
        text: the rule; `and` binds closer than `or`, brackets are not supported.
        fields: the fields that it may use.

    Raises:
        RuleError: the text is not such a rule.
    """
    words = _words(text)
    parts: list[str] = []
    for at in range(0, len(words), 4):
        parts += _comparison(words[at : at + 3], fields)
        if at + 3 < len(words):
            joint = words[at + 3].lower()
            if joint not in ("and", "or"):
                raise RuleError(f"{words[at + 3]!r} stands where `and` or `or` is expected")
            parts.append(joint)
    if len(words) % 4 != 3:
        raise RuleError(f"it ends too early; {_form(fields)}")
    return Rule(" ".join(parts))


def _words(text: str) -> list[str]:
    words, at = [], 0
    while text[at:].strip():
        match = _WORD.match(text, at)
        if match is None:
            raise RuleError(f"{text[at:].strip()!r} is not understood; {_form([])}")
        words.append(match.group().strip())
        at = match.end()
    return words


def _comparison(words: list[str], fields: Collection[str]) -> list[str]:
    """Return field, operator and number in normal form; the caller reports missing ones."""
    if words and words[0] not in fields:
        raise RuleError(f"{words[0]!r} is not one of {', '.join(fields)}")
    if len(words) > 1 and words[1] not in OPERATORS:
        raise RuleError(f"{words[1]!r} is not one of {', '.join(OPERATORS)}")
    if len(words) > 2 and not re.fullmatch(r"[+-]?\d+(\.\d+)?", words[2]):
        raise RuleError(f"{words[2]!r} is not a number")
    return [*words[:1], *(OPERATORS[word] for word in words[1:2]), *words[2:]]


def _form(fields: Collection[str]) -> str:
    return f"write it like `{AWESOME}`" + (f", with the fields {', '.join(fields)}" if fields else "")
