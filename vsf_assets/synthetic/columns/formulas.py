"""Computes formulas over columns of numbers, exactly.

Here: fractions of whole numbers for whole columns, their bounds, and the rounding at the end. Not here: the grammar
(synthetic/model/formula_grammar.py). The bounds of the columns tell before the first row whether 64 bits are enough for
every step; otherwise Python's whole numbers of any size are used, more slowly and with the same results.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from operator import add, mul, sub, truediv
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange
from vsf_assets.synthetic.columns.plain_values import scaled_decimals
from vsf_assets.synthetic.model.formula_grammar import ColumnValue, Literal, Node, Operation, columns_of
from vsf_assets.synthetic.model.option_checks import REACH
from vsf_assets.synthetic.model.option_parsers import HIGHEST
from vsf_assets.synthetic.model.schema import Column, SchemaError

Whole = npt.NDArray[Any] | int
"""A whole number for each row (64 bits, or Python's of any size), or one for all rows."""

Parts = Callable[[Mapping[str, Whole]], tuple[Whole, Whole]]
"""Returns top and bottom of a fraction, of the values of the columns; both at once, since operands share steps."""

MOST_BITS = 4096
"""Largest size of a number within a computation."""


@dataclass(frozen=True)
class _Fraction:
    """A fraction for each row.

    Attributes:
        parts: computes its top and bottom; the bottom may be 0 or negative in some rows.
        most_top, most_bottom: bounds of their sizes.
        least_top, least_bottom: the smallest sizes that they have where they are not 0.
        largest: bound of the size of any number that was computed for them.
        constant_bottom: the bottom, if it is the same in every row.
    """

    parts: Parts
    most_top: int
    most_bottom: int
    least_top: int
    least_bottom: int
    largest: int
    constant_bottom: int | None


def formula(column: Column, request: Request) -> Maker:
    """Exact results, rounded to `places` decimal places, halves away from 0.

    Missing where a column of the formula is missing, and where a divisor is 0.

    Raises:
        SchemaError: results can have more than 64 bits, or the formula always divides by 0.
    """
    node, places = column.options["formula"], column.options["places"]
    names = columns_of(node)
    makers = {name: request.value_of(name) for name in names}
    fraction = _fraction(column, node, {name: _bound(request.column(name), request) for name in names})
    most = result_bound(column, request)
    scale = 10**places
    needed = 2 * fraction.most_top * scale + fraction.most_bottom
    kind: Any = np.int64 if max(needed, 2 * fraction.most_bottom, fraction.largest) <= HIGHEST else object

    def make(row_range: RowRange) -> pl.Series:
        values: dict[str, Whole] = {}
        is_missing = np.zeros(row_range.rows.size, dtype=bool)
        for name, maker in makers.items():
            made = maker(row_range)
            is_missing |= made.is_null().to_numpy()
            whole = made.to_physical().cast(pl.Int64).fill_null(0)
            values[name] = whole.to_numpy().astype(kind)
        top, bottom = fraction.parts(values)
        is_missing |= np.asarray(bottom == 0, dtype=bool)
        results = _rounded(top * scale, np.where(bottom == 0, 1, bottom))
        each = np.broadcast_to(np.asarray(results, dtype=np.int64), is_missing.shape)  # one result without a column
        found = pl.Series(np.ascontiguousarray(each))
        if is_missing.any():
            found = found.zip_with(pl.Series(~is_missing), found.clear(len(found)))
        return scaled_decimals(found, places, 18 if most < 10**18 else 38)

    return make


def _rounded(top: Any, bottom: Any) -> Any:
    """Divide whole numbers and round halves away from 0."""
    size = abs(bottom)
    found = (2 * abs(top) + size) // (2 * size)
    return np.where((top < 0) != (bottom < 0), -found, found)


def result_bound(column: Column, request: Request) -> int:
    """Return a bound of the results, in units of the last decimal place.

    Raises:
        SchemaError: results can have more than 64 bits, or the formula always divides by 0.
    """
    if column.name in request.bounds:
        return request.bounds[column.name]
    node, places = column.options["formula"], column.options["places"]
    fraction = _fraction(column, node, {name: _bound(request.column(name), request) for name in columns_of(node)})
    most: int = -(-fraction.most_top * 10**places // fraction.least_bottom)
    if most > HIGHEST:
        raise SchemaError(
            f"column {column.name!r}, option formula: results could have {len(str(most))} digits with {places} decimal"
            " places, more than 64 bits hold; bring from and to of its columns closer together, or lower places"
        )
    request.bounds[column.name] = most
    return most


def _bound(column: Column, request: Request) -> tuple[int, int]:
    """Return a bound of a column's values in units of their last decimal place, and the number of these units in 1."""
    options, kind = column.options, column.kind.name
    scale = 10 ** options.get("places", 0)
    if kind == "Sequence":
        ends = (options["from"], options["from"] + options["step"] * max(request.rows - 1, 0))
    elif kind == "Formula":
        return result_bound(column, request), scale
    elif kind == "Normal Distribution":
        ends = (abs(options["mean"]) + REACH * options["deviation"],) * 2
    else:
        ends = (options["from"], options["to"])
    return max(abs(int(end * scale)) for end in ends) + 1, scale


def _fraction(column: Column, node: Node, bounds: Mapping[str, tuple[int, int]]) -> _Fraction:
    try:
        constant = _constant(node)
    except ZeroDivisionError:
        raise SchemaError(f"column {column.name!r}, option formula: it divides by 0") from None
    if constant is not None or isinstance(node, Literal):
        return _constant_fraction(constant or Fraction(0))
    if not isinstance(node, Operation):
        (most, scale), name = bounds[node.name], node.name
        return _Fraction(lambda values: (values[name], scale), most, scale, 1, scale, max(most, scale), scale)
    left, divisor = _fraction(column, node.left, bounds), _constant(node.right) if node.symbol == "/" else None
    if divisor is not None:  # so that the bottom stays one number for all rows
        right = _constant_fraction(1 / divisor)
        return _refuse_wide(column, _product(left, right))
    right = _fraction(column, node.right, bounds)
    combined = {"*": _product, "/": _quotient}.get(node.symbol, _sum_of(node.symbol))(left, right)
    if combined.most_bottom == 0:
        raise SchemaError(f"column {column.name!r}, option formula: it divides by 0")
    return _refuse_wide(column, combined)


def _refuse_wide(column: Column, combined: _Fraction) -> _Fraction:
    if combined.largest.bit_length() > MOST_BITS:
        raise SchemaError(
            f"column {column.name!r}, option formula: a step of it could have {combined.largest.bit_length()} bits;"
            f" {MOST_BITS} are allowed"
        )
    return combined


def _constant_fraction(value: Fraction) -> _Fraction:
    top, bottom = value.as_integer_ratio()
    size = abs(top)
    return _Fraction(lambda _: (top, bottom), size, bottom, size, bottom, max(size, bottom), bottom)


def _constant(node: Node) -> Fraction | None:
    """Return the value of a part without columns; None if it has columns.

    Raises:
        ZeroDivisionError: it divides by 0.
    """
    if isinstance(node, Literal):
        return Fraction(node.value)
    if isinstance(node, ColumnValue):
        return None
    left, right = _constant(node.left), _constant(node.right)
    if right == 0 and node.symbol == "/":
        raise ZeroDivisionError
    if left is None or right is None:
        return None
    combine: Callable[[Fraction, Fraction], Fraction] = {"+": add, "-": sub, "*": mul, "/": truediv}[node.symbol]
    return combine(left, right)


def _made(
    left: _Fraction,
    right: _Fraction,
    parts: Parts,
    most: tuple[int, int],
    least: tuple[int, int],
    constant_bottom: int | None,
) -> _Fraction:
    return _Fraction(parts, *most, *least, max(*most, left.largest, right.largest), constant_bottom)


def _product(left: _Fraction, right: _Fraction) -> _Fraction:
    constant = left.constant_bottom and right.constant_bottom and left.constant_bottom * right.constant_bottom

    def parts(values: Mapping[str, Whole]) -> tuple[Whole, Whole]:
        (top, bottom), (other_top, other_bottom) = left.parts(values), right.parts(values)
        return top * other_top, bottom * other_bottom

    return _made(
        left,
        right,
        parts,
        (left.most_top * right.most_top, left.most_bottom * right.most_bottom),
        (left.least_top * right.least_top, left.least_bottom * right.least_bottom),
        constant,
    )


def _quotient(left: _Fraction, right: _Fraction) -> _Fraction:
    def parts(values: Mapping[str, Whole]) -> tuple[Whole, Whole]:
        top, bottom = right.parts(values)
        return bottom, top if right.constant_bottom else top * (bottom != 0)  # a divisor without a value stays without

    inverse = _Fraction(
        parts,
        right.most_bottom,
        right.most_top,
        right.least_bottom,
        max(right.least_top, 1),
        right.largest,
        None,
    )
    return _product(left, inverse)


def _sum_of(symbol: str) -> Callable[[_Fraction, _Fraction], _Fraction]:
    sign = 1 if symbol == "+" else -1

    def total(left: _Fraction, right: _Fraction) -> _Fraction:
        if left.constant_bottom and right.constant_bottom:
            common = lcm(left.constant_bottom, right.constant_bottom)
            one, other = common // left.constant_bottom, common // right.constant_bottom
            return _made(
                left,
                right,
                lambda values: (left.parts(values)[0] * one + right.parts(values)[0] * (sign * other), common),
                (left.most_top * one + right.most_top * other, common),
                (1, common),
                common,
            )

        def parts(values: Mapping[str, Whole]) -> tuple[Whole, Whole]:
            (top, bottom), (other_top, other_bottom) = left.parts(values), right.parts(values)
            return top * other_bottom + other_top * bottom * sign, bottom * other_bottom

        return _made(
            left,
            right,
            parts,
            (
                left.most_top * right.most_bottom + right.most_top * left.most_bottom,
                left.most_bottom * right.most_bottom,
            ),
            (1, left.least_bottom * right.least_bottom),
            None,
        )

    return total
