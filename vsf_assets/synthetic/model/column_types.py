"""The column types of made-up files and their options.

Here: one declaration per type, and the checks between its options. Not here: generating values (columns/). Imports
neither numpy nor polars, so it loads quickly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from vsf_assets.synthetic.model import option_parsers
from vsf_assets.synthetic.model.date_formats import has_time_of_day
from vsf_assets.synthetic.model.option_parsers import Option

Options = Mapping[str, Any]


def _nothing(_options: Options) -> tuple[str, str] | None:
    return None


def _range(options: Options) -> tuple[str, str] | None:
    if options["from"] > options["to"]:
        return "from", f"{options['from']} is greater than to: {options['to']}"
    return None


@dataclass(frozen=True)
class Kind:
    """A column type.

    Attributes:
        name: the name in schemas and docs; schemas may use any case, and `_` or `-` instead of a space.
        meaning: description of its values.
        options: the options of this type, besides those of every column.
        check: returns (option, problem) if options contradict each other, otherwise None.
    """

    name: str
    meaning: str
    options: Mapping[str, Option] = field(default_factory=dict)
    check: Callable[[Options], tuple[str, str] | None] = _nothing


def _whole_days(options: Options) -> tuple[str, str] | None:
    if options["format"] is not None and has_time_of_day(options["format"]):
        return "format", f"{options['format']!r} contains a time of day, which a Date does not have; use Datetime"
    return _range(options)


def _decimals(options: Options) -> tuple[str, str] | None:
    for name in ("from", "to"):
        scaled = options[name].scaleb(options["places"])
        if scaled != scaled.to_integral_value():
            return name, f"{options[name]} has more than {options['places']} decimal places (option places)"
        if not option_parsers.LOWEST <= scaled <= option_parsers.HIGHEST:
            return name, f"{options[name]} with {options['places']} decimal places does not fit 64 bits"
    return _range(options)


def _choices(options: Options) -> tuple[str, str] | None:
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


def _ends(reader: option_parsers.Reader, lowest: Any, highest: Any, what: str) -> dict[str, Option]:
    return {
        "from": Option(reader, lowest, f"the lowest {what}, included"),
        "to": Option(reader, highest, f"the highest {what}, included"),
    }


def _related(what: str) -> Option:
    return Option(
        option_parsers.words, None, f"header of the {what} that the value fits; default: the nearest one before it"
    )


KINDS = (
    Kind("Full Name", "first and last name of a person"),
    Kind("Job", "name of a job"),
    Kind(
        "Email",
        "an e-mail address that fits the name, and the domain or company, in the same row",
        {"name_from": _related("Full Name"), "domain_from": _related("Domain Name or Company Name")},
    ),
    Kind(
        "Domain Name",
        "an internet domain that fits the company in the same row",
        {"company_from": _related("Company Name")},
    ),
    Kind("Phone Number", "a phone number of North America, +1-212-555-0123"),
    Kind("Company Name", "name of a company"),
    Kind(
        "Text", "English sentences", _ends(option_parsers.whole_between(0, 1000), 1, 3, "number of sentences"), _range
    ),
    Kind("Integer", "a whole number", _ends(option_parsers.whole, 0, 1_000_000, "number"), _range),
    Kind("Address", "a postal address of the United States, in one line"),
    Kind(
        "Date",
        "a day",
        {
            **_ends(option_parsers.day, date(2000, 1, 1), date(2029, 12, 31), "day"),
            "format": Option(
                option_parsers.pattern, None, "how it is written, in letters of strftime; default: 2024-12-31"
            ),
        },
        _whole_days,
    ),
    Kind(
        "Boolean", "true or false", {"true_share": Option(option_parsers.share, 0.5, "share of true among the values")}
    ),
    Kind("UUID", "a UUID of version 4"),
    Kind(
        "Decimal",
        "a number with decimal places",
        {
            **_ends(option_parsers.number, Decimal(0), Decimal(1000), "number"),
            "places": Option(option_parsers.whole_between(0, 18), 2, "number of decimal places, 0 to 18"),
        },
        _decimals,
    ),
    Kind(
        "Datetime",
        "a time in whole seconds, UTC",
        {
            **_ends(option_parsers.moment, datetime(2000, 1, 1), datetime(2029, 12, 31, 23, 59, 59), "time"),  # noqa: DTZ001
            "format": Option(
                option_parsers.pattern, None, "how it is written, as for Date; default: 2024-12-31T23:59:59"
            ),
        },
        _range,
    ),
    Kind(
        "Choice",
        "one of some values",
        {
            "values": Option(
                option_parsers.plain_values, None, "the values: texts, numbers, true or false", is_required=True
            ),
            "weights": Option(
                option_parsers.weights, None, "how often each value comes, in proportion; default: equally often"
            ),
        },
        _choices,
    ),
    Kind(
        "Constant",
        "the same in every row",
        {"value": Option(option_parsers.plain_value, None, "the value", is_required=True)},
    ),
    Kind(
        "Sequence",
        "whole numbers that follow each other",
        {
            "from": Option(option_parsers.whole, 1, "the first number"),
            "step": Option(option_parsers.whole, 1, "what is added from row to row; below 0 counts down"),
        },
        lambda options: ("step", "0 would repeat one number; use Constant") if options["step"] == 0 else None,
    ),
)

EVERY_COLUMN = {
    "order": Option(option_parsers.whole, None, "place in the file; columns without one come last, as they stand"),
    "null_share": Option(option_parsers.share, 0.0, "share of rows without a value"),
    "unique": Option(option_parsers.truth, default=False, meaning="whether all values are distinct"),
}
"""Options of every column, for all types."""


def plain(text: str) -> str:
    """Normalize the name of a type for comparison: case folded, with single spaces."""
    return " ".join(text.replace("_", " ").replace("-", " ").lower().split())


BY_NAME = {plain(kind.name): kind for kind in KINDS}
