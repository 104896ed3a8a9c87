"""Parses formulas over columns of numbers into a tree.

Here: the grammar (numbers, columns, + - * / and parentheses), its limits, and error messages with the position. Not
here: computing (columns/formulas.py). A formula is data: it is never evaluated as code, so it can do nothing else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

LONGEST = 500
"""Largest length of a formula in characters."""

DEEPEST = 50
"""Largest depth of parentheses and signs."""

MOST_DIGITS = 18
"""Largest number of digits of a number in a formula."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)(?![\w.])|\{(?P<braced>[^{}]+)\}|(?P<word>[^\W\d]\w*)|(?P<sign>[-+*/()]))"
)


@dataclass(frozen=True)
class Literal:
    """A number that the formula contains."""

    value: Decimal


@dataclass(frozen=True)
class ColumnValue:
    """The value of a column in the same row."""

    name: str


@dataclass(frozen=True)
class Operation:
    """Two operands and one of + - * /."""

    symbol: str
    left: "Node"
    right: "Node"


Node = Literal | ColumnValue | Operation


def parse_formula(text: str) -> Node:
    """Return the tree of a formula; `{column}` or a plain word is a column.

    Raises:
        ValueError: the text is not a formula, or exceeds a limit; the message names the position.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the formula has {len(text)} characters; {LONGEST} are allowed")
    parser = _FormulaParser(_tokens(text))
    found = parser.sum()
    parser.expect_end()
    return found


def columns_of(node: Node) -> list[str]:
    """Return the columns of a formula, each once, in their order."""
    if isinstance(node, ColumnValue):
        return [node.name]
    if isinstance(node, Literal):
        return []
    return list(dict.fromkeys(columns_of(node.left) + columns_of(node.right)))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise ValueError(
                f"{text[at]!r} at character {at + 1} is not allowed; a formula has numbers like 1.5, columns like"
                " {x}, + - * / and parentheses"
            )
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind), match.start(kind) + 1))
        place = match.end()
    return found


class _FormulaParser:
    """A parser by recursive descent: sums of products of signed values."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._place, self._depth = tokens, 0, 0

    def expect_end(self) -> None:
        if self._place < len(self._tokens):
            raise self._unexpected("an operator or the end")

    def sum(self) -> Node:
        found = self._product()
        while symbol := self._sign("+-"):
            found = Operation(symbol, found, self._product())
        return found

    def _product(self) -> Node:
        found = self._signed()
        while symbol := self._sign("*/"):
            found = Operation(symbol, found, self._signed())
        return found

    def _signed(self) -> Node:
        if symbol := self._sign("+-"):
            value = self._deeper(self._signed)
            return value if symbol == "+" else Operation("-", Literal(Decimal(0)), value)
        return self._value()

    def _value(self) -> Node:
        if self._sign("("):
            found = self._deeper(self.sum)
            if not self._sign(")"):
                raise self._unexpected("a closing parenthesis")
            return found
        token = self._tokens[self._place] if self._place < len(self._tokens) else None
        if token is None or token.kind == "sign":
            raise self._unexpected("a number, a column or a parenthesis")
        self._place += 1
        if token.kind != "number":
            return ColumnValue(token.text.strip())
        if len(token.text.replace(".", "")) > MOST_DIGITS:
            raise ValueError(f"the number at character {token.position} has more than {MOST_DIGITS} digits")
        return Literal(Decimal(token.text))

    def _deeper(self, parse: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        found = parse()
        self._depth -= 1
        return found

    def _sign(self, allowed: str) -> str:
        if self._place < len(self._tokens):
            token = self._tokens[self._place]
            if token.kind == "sign" and token.text in allowed:
                self._place += 1
                return token.text
        return ""

    def _unexpected(self, wanted: str) -> ValueError:
        if self._place < len(self._tokens):
            token = self._tokens[self._place]
            return ValueError(f"{token.text!r} at character {token.position}: expected {wanted}")
        return ValueError(f"it ends where {wanted} is expected")
