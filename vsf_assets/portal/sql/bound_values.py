"""Values of the parameters of a query, on their way to the process that runs it.

Here: the kinds, and the value of DuckDB that each stands for. Values are bound and never become a part of the SQL. Not
here: which parameters a saved question has, and what people are told of a wrong value (questions/parameters.py).
"""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

TEXT, WHOLE, DECIMAL, DATE = "text", "whole", "decimal", "date"
"""Kinds of values; a choice is a text."""


class Bound(NamedTuple):
    """The value of a parameter: its kind, and its text; None for no value, which is NULL."""

    kind: str
    text: str | None

    def value(self) -> Any:
        """Return what is given to DuckDB.

        Raises:
            ValueError: the text is not of the kind.
        """
        match self.kind, self.text:
            case _, None:
                return None
            case "text", text:
                return text
            case "whole", text:
                return int(text)
            case "decimal", text:
                return Decimal(text)
            case "date", text:
                return date.fromisoformat(text)
        raise ValueError(f"there are no values of the kind {self.kind}")
