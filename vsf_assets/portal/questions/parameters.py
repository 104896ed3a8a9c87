"""The parameters of a saved question: how they are declared, and reading values that people give.

Here: kinds, checks, and what is said of a wrong value. A value is bound and never becomes a part of the SQL. Not here:
the value in DuckDB (sql/bound_values.py), and the form that declares them (question_forms.py).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from vsf_assets.portal.sql import bound_values
from vsf_assets.portal.sql.bound_values import Bound

CHOICE = "choice"
KINDS = {
    bound_values.TEXT: "text",
    bound_values.WHOLE: "whole number",
    bound_values.DECIMAL: "decimal number",
    bound_values.DATE: "date",
    CHOICE: "choice",
}
"""Kind -> how people call it."""

MOST, MOST_CHOICES, LONGEST = 10, 50, 1000
"""Parameters of a question, choices of one, and characters of a value."""

RESERVED = ("token",)
"""Names that mean something else in the address of an answer."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_USED = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,18})?", re.ASCII)
_BIGINT = 2**63
_MOST_DIGITS = 38


class WrongValueError(ValueError):
    """A value does not fit its parameter; `name` is the parameter's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True)
class Parameter:
    """A parameter of a question.

    Attributes:
        name: `$name` in the SQL, and the name in the address.
        kind: one of KINDS.
        label: what the form calls it.
        default: text of the value that holds where none is given; None for no such value.
        choices: the values of a choice.
        is_optional: whether it may be left empty, which is NULL in the query.
    """

    name: str
    kind: str
    label: str = ""
    default: str | None = None
    choices: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def shown(self) -> str:
        """What people see as its name."""
        return self.label or self.name.replace("_", " ").capitalize()

    def read(self, text: str) -> Bound:
        """Return the value of a text.

        Raises:
            WrongValueError: it is none of the kind.
        """
        kind = bound_values.TEXT if self.kind == CHOICE else self.kind
        if text == "" and (self.is_optional or self.kind != bound_values.TEXT):
            if self.is_optional:
                return Bound(kind, None)
            raise WrongValueError(self.name, f"{self.shown} needs a value.")
        if len(text) > LONGEST or "\0" in text:
            raise WrongValueError(
                self.name, f"{self.shown} has at most {LONGEST:,} characters, and none of them is NUL."
            )
        if self.kind != bound_values.TEXT and self.kind != CHOICE:
            text = text.strip()
        if not self._fits(text):
            raise WrongValueError(self.name, f"{self.shown} is {self._form()}.")
        return Bound(kind, text)

    def _fits(self, text: str) -> bool:
        match self.kind:
            case "whole":
                return _WHOLE.fullmatch(text) is not None and -_BIGINT <= int(text) < _BIGINT
            case "decimal":
                return _DECIMAL.fullmatch(text) is not None and _is_exact(text)
            case "date":
                return _is_date(text)
            case "choice":
                return text in self.choices
        return True

    def _form(self) -> str:
        match self.kind:
            case "whole":
                return "a whole number of at most 64 bits, like 300"
            case "decimal":
                return "a decimal number of at most 38 digits, 30 of them before the point and 18 behind it, like 1.50"
            case "date":
                return "a date, like 2019-05-20"
        return f"one of {', '.join(self.choices[:10])}{'…' if len(self.choices) > 10 else ''}"

    def declared(self) -> dict[str, Any]:
        """Return the declaration as JSON has it."""
        return {**asdict(self), "choices": list(self.choices)}

    def check(self) -> None:
        """Check the declaration.

        Raises:
            WrongValueError: something in it is wrong; the message says what.
        """
        if not _NAME.fullmatch(self.name):
            raise WrongValueError(
                self.name, f"“{self.name[:60]}” is no name of a parameter: small letters, digits and _, a letter first."
            )
        if self.name in RESERVED:
            raise WrongValueError(self.name, f"A parameter cannot have the name {self.name}, which addresses use.")
        if self.kind not in KINDS:
            raise WrongValueError(self.name, f"The kind of {self.name} is one of {', '.join(KINDS)}.")
        if self.kind == CHOICE and not 1 <= len(self.choices) <= MOST_CHOICES:
            raise WrongValueError(self.name, f"{self.name} needs 1 to {MOST_CHOICES} choices.")
        if self.default is not None:
            self.read(self.default)


def _is_exact(text: str) -> bool:
    """Whether DuckDB has a decimal type for a number; it would make a longer one a float."""
    return len(text.lstrip("+-0").replace(".", "")) <= _MOST_DIGITS


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2019-05-20") and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def parameters_from(declared: Sequence[Mapping[str, Any]]) -> tuple[Parameter, ...]:
    """Return the parameters that a question's JSON declares."""
    return tuple(Parameter(**{**found, "choices": tuple(found["choices"])}) for found in declared)


def names_in(sql: str) -> list[str]:
    """Return the names that look like parameters in a query, in their order: a proposal for the form, no parser."""
    return list(dict.fromkeys(_USED.findall(sql)))[:MOST]


def values_of(parameters: Sequence[Parameter], given: Mapping[str, str]) -> dict[str, Bound]:
    """Return name -> value of each parameter: the given one, else its default.

    Raises:
        WrongValueError: a value does not fit, there is none, or something that is no parameter was given.
    """
    known = {parameter.name for parameter in parameters}
    for name in given:
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise WrongValueError(name, f"There is no parameter “{name[:60]}”; the question has {names}.")
    found = {}
    for parameter in parameters:
        text = given.get(parameter.name, parameter.default)
        if text is None:
            if not parameter.is_optional:
                raise WrongValueError(parameter.name, f"{parameter.shown} needs a value.")
            text = ""
        found[parameter.name] = parameter.read(text)
    return found
