"""Checks between the options of a column, and the columns that an option refers to.

Here: one function per type that needs one; it returns (option, problem), or None. Not here: the checks of a single
option (option_parsers.py) and the types (column_types.py).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vsf_assets.synthetic.model import formula_grammar, option_parsers, template_grammar
from vsf_assets.synthetic.model.date_formats import has_time_of_day

Options = Mapping[str, Any]
Problem = tuple[str, str] | None

LARGEST_FLOAT = 2**53
"""Bound below which 64-bit floating-point numbers hold every whole number."""

REACH = 8
"""Number of standard deviations that no value of a normal distribution exceeds."""


def nothing(_options: Options) -> Problem:
    """Find no problem, for types whose options cannot contradict each other."""
    return None


def bounds(options: Options) -> Problem:
    """Check that `from` is not greater than `to`; an open end is checked when it is filled in (schema.on_day)."""
    if options["from"] is not None and options["to"] is not None and options["from"] > options["to"]:
        return "from", f"{options['from']} is greater than to: {options['to']}"
    return None


def whole_days(options: Options) -> Problem:
    """Check the bounds of a day, and that its format has no time of day."""
    if options["format"] is not None and has_time_of_day(options["format"]):
        return "format", f"{options['format']!r} contains a time of day, which a Date does not have; use Datetime"
    return bounds(options)


def decimals(options: Options) -> Problem:
    """Check that both bounds have at most `places` decimal places and fit 64 bits with them."""
    for name in ("from", "to"):
        problem = _misfit(options[name], options["places"])
        if problem:
            return name, problem
    return bounds(options)


def _misfit(value: Decimal, places: int) -> str:
    scaled = value.scaleb(places)
    if scaled != scaled.to_integral_value():
        return f"{value} has more than {places} decimal places (option places)"
    if not option_parsers.LOWEST <= scaled <= option_parsers.HIGHEST:
        return f"{value} with {places} decimal places does not fit 64 bits"
    return ""


def normal(options: Options) -> Problem:
    """Check that all values can be computed exactly, and that the bounds hold some of them."""
    mean, deviation, places = options["mean"], options["deviation"], options["places"]
    if deviation <= 0:
        return "deviation", f"{deviation} is not greater than 0; use Constant for equal values"
    if (abs(mean) + REACH * deviation).scaleb(places) >= LARGEST_FLOAT:
        return "deviation", f"values like {mean + REACH * deviation} with {places} decimal places have too many digits"
    for name, farther in (("from", options["from"]), ("to", options["to"])):
        if farther is not None and (problem := _misfit(farther, places)):
            return name, problem
    lowest, highest = (options[name] for name in ("from", "to"))
    if lowest is not None and lowest > mean + 4 * deviation:
        return "from", f"{lowest} is more than 4 deviations above the mean, {mean}"
    if highest is not None and highest < mean - 4 * deviation:
        return "to", f"{highest} is more than 4 deviations below the mean, {mean}"
    return bounds(options)


def choices(options: Options) -> Problem:
    """Check that no value occurs twice, and that there are as many weights as values."""
    values, weights = options["values"], options["weights"]
    if weights is not None and len(values) != len(weights):
        return "weights", f"there are {len(weights)} weights for {len(values)} values"
    spelt = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    amounts = [value if isinstance(value, int | float) and not isinstance(value, bool) else None for value in values]
    twice = [
        value
        for place, value in enumerate(values)
        if spelt[place] in spelt[:place] or (amounts[place] is not None and amounts[place] in amounts[:place])
    ]
    return ("values", f"{twice[0]!r} occurs twice; use weights") if twice else None


def steps(options: Options) -> Problem:
    """Check that a sequence moves."""
    return ("step", "0 would repeat one number; use Constant") if options["step"] == 0 else None


def formula_columns(options: Options) -> tuple[str, list[str]]:
    """Return the option of a formula and the columns that it computes with."""
    return "formula", formula_grammar.columns_of(options["formula"])


def template_columns(options: Options) -> tuple[str, list[str]]:
    """Return the option of a template and the columns that it joins."""
    return "template", template_grammar.columns_of(options["template"])


def no_columns(_options: Options) -> tuple[str, list[str]]:
    """Refer to no column, for types whose values are drawn."""
    return "", []
