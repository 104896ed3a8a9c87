"""Parses templates: text with columns in braces, like `{first|first(1)|lower}.{last|slug}`.

Here: the grammar, the functions by name, their limits. Not here: applying them to values (columns/templates.py). This
is no template engine: there are no expressions, loops or attributes.
"""

import re
from dataclasses import dataclass

LONGEST = 1000
"""Largest length of a template in characters."""

MOST_FIELDS = 20
"""Largest number of columns in a template; a column counts each time."""

MOST_FUNCTIONS = 5
LARGEST_FIRST = 1000
FUNCTIONS = {
    "lower": "in lower case",
    "upper": "in upper case",
    "slug": "for an address of a web page: lower-case letters and digits, all else is one hyphen",
    "first(n)": "the first n characters",
}
"""Functions of a column in a template, with their meaning."""

_FIRST = re.compile(r"first\(\s*([0-9]{1,4})\s*\)")
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+", re.DOTALL)


@dataclass(frozen=True)
class TextFunction:
    """A function of a text; `count` is the number of characters of `first`."""

    name: str
    count: int = 0


@dataclass(frozen=True)
class TemplateField:
    """A column of the same row, with the functions that are applied one after the other."""

    column: str
    functions: tuple[TextFunction, ...] = ()


Template = tuple[str | TemplateField, ...]


def parse_template(text: str) -> Template:
    """Return the parts of a template; `{{` and `}}` are braces.

    Raises:
        ValueError: the text is not a template, or exceeds a limit; the message names the position.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the template has {len(text)} characters; {LONGEST} are allowed")
    found: list[str | TemplateField] = []
    for match in _PART.finditer(text):
        part = match.group()
        if match.group(1) is not None:
            found.append(_field(match.group(1), match.start() + 1))
        elif part in ("{", "}"):
            raise ValueError(
                f"{part!r} at character {match.start() + 1} stands alone; write a column as {{name}}, and a brace as"
                " {{ or }}"
            )
        else:
            found.append({"{{": "{", "}}": "}"}.get(part, part))
    fields = sum(isinstance(part, TemplateField) for part in found)
    if not fields:
        raise ValueError(f"{text!r} names no column; write columns as {{name}}, or use Constant")
    if fields > MOST_FIELDS:
        raise ValueError(f"it names {fields} columns; {MOST_FIELDS} are allowed")
    return tuple(found)


def _field(text: str, position: int) -> TemplateField:
    name, *functions = (word.strip() for word in text.split("|"))
    if not name:
        raise ValueError(f"the braces at character {position} name no column")
    if len(functions) > MOST_FUNCTIONS:
        raise ValueError(f"{{{text}}} has {len(functions)} functions; {MOST_FUNCTIONS} are allowed")
    return TemplateField(name, tuple(_function(word) for word in functions))


def _function(word: str) -> TextFunction:
    if word in FUNCTIONS and word != "first(n)":
        return TextFunction(word)
    first = _FIRST.fullmatch(word)
    if first is None:
        raise ValueError(f"there is no function {word!r}; there are {', '.join(FUNCTIONS)}")
    count = int(first.group(1))
    if not 1 <= count <= LARGEST_FIRST:
        raise ValueError(f"{word}: the number of characters is from 1 to {LARGEST_FIRST}")
    return TextFunction("first", count)


def columns_of(template: Template) -> list[str]:
    """Return the columns of a template, each once, in their order."""
    return list(dict.fromkeys(part.column for part in template if isinstance(part, TemplateField)))
