"""Casts text columns to the declared types; a value that does not fit becomes null.

Here: one strict cast for each type, a pure function of a text column. The caller distinguishes an invalid cell from
an empty one. Not here: whether a column may be null.
"""

import re
from decimal import Decimal

import polars as pl

_NUMBER_PADDING = " \t"
_DAY = r"([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-[0-9]{2}-[0-9]{2}"
"""A day from year 1 on: polars accepts a year 0, Python does not."""

_DATE = f"^{_DAY}$"
_TIME = f"^{_DAY} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{{1,6}})?$"
"""A time of day; polars reads a second 60 as the next minute, and contracts do not allow it."""
_WITH_EXPONENT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]{1,4}")


def cast(text: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return the column in the given type; cells that hold no value of that type are null.

    Args:
        text: strings; empty cells are null.
        dtype: the contract's type.

    Raises:
        TypeError: no cast exists for the type.
    """
    if isinstance(dtype, pl.String):
        return text
    if isinstance(dtype, pl.Int64):
        return _integer(text)
    if isinstance(dtype, pl.Decimal):
        return _decimal(text, dtype)
    if isinstance(dtype, pl.Float64):
        return _float(text.str.strip_chars(_NUMBER_PADDING))
    if isinstance(dtype, pl.Date):
        return _at_once(text, _matching(_DATE).str.to_date("%Y-%m-%d", strict=False))
    if isinstance(dtype, pl.Datetime):
        return _time(text)
    raise TypeError(f"no cast from text to {dtype}; write one in vsf_assets/readers/common/casts.py")


def expectation(dtype: pl.DataType) -> str:
    """Describe the values that a type allows, as the end of a sentence for a person."""
    if isinstance(dtype, pl.Int64):
        return "must be a whole number that fits 64 bits, in digits only"
    if isinstance(dtype, pl.Decimal):
        whole = (dtype.precision or 38) - dtype.scale
        return (
            f"must be a number in digits and a point, at most {whole} digits before and {dtype.scale} after the point"
        )
    if isinstance(dtype, pl.Float64):
        return "must be a decimal number"
    if isinstance(dtype, pl.Boolean):
        return "must be true or false"
    if isinstance(dtype, pl.Date):
        return "must be a day of the calendar, written like 2019-05-20"
    if isinstance(dtype, pl.Datetime):
        return "must be a time that exists, written like 2019-05-20 02:20:09.404, without T or time zone"
    return "must be text"


def _matching(pattern: str) -> pl.Expr:
    """Return the texts that match, and null for the others, because polars' own parser is more lenient."""
    return pl.when(pl.first().str.contains(pattern)).then(pl.first())


def _at_once(column: pl.Series, expression: pl.Expr) -> pl.Series:
    """Evaluate an expression on a column with one plan; for a few hundred cells, planning takes most of the time."""
    return column.to_frame().select(expression).to_series()


def _time(text: pl.Series) -> pl.Series:
    """Cast to times: those with three digits of a second by a parser of fixed places, the others by a general one.

    The first takes a sixth of the time, and events have such times in six columns.
    """
    texts = _at_once(text, _matching(_TIME))
    parsed = texts.str.to_datetime("%Y-%m-%d %H:%M:%S.%3f", time_unit="us", strict=False, cache=False)
    if parsed.null_count() == texts.null_count():
        return parsed
    others = texts.set(parsed.is_not_null(), None)
    return parsed.fill_null(others.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False))


def _float(text: pl.Series) -> pl.Series:
    """Cast to finite numbers."""
    number = text.cast(pl.Float64, strict=False)
    return pl.select(pl.when(number.is_finite()).then(number)).to_series()


def _integer(text: pl.Series) -> pl.Series:
    """Cast to whole numbers; texts are trimmed only if some are no numbers as they are."""
    number = text.cast(pl.Int64, strict=False)
    if number.null_count() == text.null_count():
        return number
    return text.str.strip_chars(_NUMBER_PADDING).cast(pl.Int64, strict=False)


def _decimal(text: pl.Series, dtype: pl.Decimal) -> pl.Series:
    """Cast without rounding: all digits after the scale must be zeros.

    Texts are trimmed, and exponents written out, only if some are no plain numbers as they are.
    """
    scale = dtype.scale
    plain_number = rf"^[+-]?([0-9]+(\.[0-9]{{0,{scale}}}0*)?|\.[0-9]{{1,{scale}}}0*)$"
    if text.str.contains(plain_number).all():
        return text.cast(dtype, strict=False)
    text = text.str.strip_chars(_NUMBER_PADDING)
    exponent = text.str.contains("[eE]").fill_null(value=False)
    if exponent.any():
        plain = text.filter(exponent).map_elements(_without_exponent, return_dtype=pl.String)
        text = text.scatter(exponent.arg_true(), plain)
    exact = text.str.contains(plain_number)
    return pl.select(pl.when(exact).then(text)).to_series().cast(dtype, strict=False)


def _without_exponent(text: str) -> str:
    """Return `1.5e-3` as `0.0015`; a text that is not a number stays unchanged and fails the cast."""
    if _WITH_EXPONENT.fullmatch(text) is None:
        return text
    number = Decimal(text)
    small_enough = abs(number.adjusted()) < 40
    return f"{number:f}" if small_enough else text
