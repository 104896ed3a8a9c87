"""The column types of made-up files and their options.

Here: one declaration per type, in the order of the docs and of a page that offers them. Not here: the checks between
options (option_checks.py) and generating values (columns/). Imports neither numpy nor polars, so it loads quickly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from vsf_assets.synthetic.model import option_checks, option_parsers
from vsf_assets.synthetic.model.formula_grammar import LONGEST as LONGEST_FORMULA
from vsf_assets.synthetic.model.formula_grammar import parse_formula
from vsf_assets.synthetic.model.locale_names import DEFAULT, LOCALES
from vsf_assets.synthetic.model.option_checks import Options, Problem
from vsf_assets.synthetic.model.option_parsers import Option, Reader
from vsf_assets.synthetic.model.regex_grammar import LONGEST as LONGEST_REGEX
from vsf_assets.synthetic.model.regex_grammar import parse_regex
from vsf_assets.synthetic.model.request_limits import MOST_ROWS
from vsf_assets.synthetic.model.template_grammar import LONGEST as LONGEST_TEMPLATE
from vsf_assets.synthetic.model.template_grammar import parse_template

NUMERIC = ("Integer", "Decimal", "Sequence", "Latitude", "Longitude", "Normal Distribution", "Formula")
"""Types whose values are numbers, which a formula computes with."""


@dataclass(frozen=True)
class Kind:
    """A column type.

    Attributes:
        name: the name in schemas and docs; schemas may use any case, and `_` or `-` instead of a space.
        group: heading under which a list of types shows it.
        meaning: description of its values.
        options: the options of this type, besides those of every column.
        check: returns (option, problem) if options contradict each other, otherwise None.
        refers_to: returns (option, the columns of the row that the value is made of).
        operands: types that these columns may have; empty for any.
        can_be_unique: whether a column of this type may have the option unique.
    """

    name: str
    group: str
    meaning: str
    options: Mapping[str, Option] = field(default_factory=dict)
    check: Callable[[Options], Problem] = option_checks.nothing
    refers_to: Callable[[Options], tuple[str, list[str]]] = option_checks.no_columns
    operands: tuple[str, ...] = ()
    can_be_unique: bool = True


def _ends(reader: Reader, lowest: Any, highest: Any, what: str) -> dict[str, Option]:
    return {
        "from": Option(reader, lowest, f"the lowest {what}, included"),
        "to": Option(reader, highest, f"the highest {what}, included"),
    }


def _past(reader: Reader, lowest: Any, what: str) -> dict[str, Option]:
    """Return the bounds of days or times; without `to` they end today, the day on which the schema is used."""
    return {
        "from": Option(reader, lowest, f"the first {what}, included"),
        "to": Option(reader, None, f"the last {what}, included; default: today, see docs/made-up-files.md"),
    }


def _related(*column_types: str) -> Option:
    what = " or ".join(column_types)
    meaning = f"header of the {what} that the value fits; default: the nearest one before it"
    return Option(option_parsers.column_name, None, meaning, column_types=column_types)


_LOCALE = {"locale": Option(option_parsers.one_of(*LOCALES), DEFAULT, "language and country of the value")}
_FORMAT_OF_DAYS = Option(option_parsers.pattern, None, "how it is written, in letters of strftime; default: 2024-12-31")
_FORMAT_OF_TIMES = Option(option_parsers.pattern, None, "how it is written, as for Date; default: 2024-12-31T23:59:59")


def _places(default: int) -> dict[str, Option]:
    return {"places": Option(option_parsers.whole_between(0, 18), default, "number of decimal places, 0 to 18")}


def _degrees(limit: int) -> dict[str, Option]:
    reader = option_parsers.number_between(-limit, limit)
    places = Option(option_parsers.whole_between(0, 12), 6, "number of decimal places, 0 to 12")
    return {**_ends(reader, Decimal(-limit), Decimal(limit), "degree"), "places": places}


def _parsed(kind: str, convert: Callable[[str], Any], longest: int) -> Reader:
    """Return a reader of a text in a small language."""
    return Reader(kind, lambda value: convert(option_parsers.words(value)), 1, longest)


KINDS = (
    Kind("Full Name", "Person", "first and last name of a person", _LOCALE),
    Kind("Job", "Person", "name of a job"),
    Kind(
        "Email",
        "Internet",
        "an e-mail address that fits the name, and the domain or company, in the same row",
        {"name_from": _related("Full Name"), "domain_from": _related("Domain Name", "Company Name")},
    ),
    Kind(
        "Domain Name",
        "Internet",
        "an internet domain that fits the company in the same row",
        {"company_from": _related("Company Name")},
    ),
    Kind("Phone Number", "Person", "a phone number, +1-212-555-0123", _LOCALE),
    Kind("Company Name", "Company", "name of a company", _LOCALE),
    Kind(
        "Text",
        "Text",
        "English sentences",
        _ends(option_parsers.whole_between(0, 1000), 1, 3, "number of sentences"),
        option_checks.bounds,
    ),
    Kind(
        "Integer", "Number", "a whole number", _ends(option_parsers.whole, 0, 1_000_000, "number"), option_checks.bounds
    ),
    Kind("Address", "Place", "a postal address in one line", _LOCALE),
    Kind(
        "Date",
        "Time",
        "a day",
        {
            **_past(option_parsers.day, date(2000, 1, 1), "day"),
            "format": _FORMAT_OF_DAYS,
        },
        option_checks.whole_days,
    ),
    Kind(
        "Boolean",
        "Other",
        "true or false",
        {"true_share": Option(option_parsers.share, 0.5, "share of true among the values")},
    ),
    Kind("UUID", "Other", "a UUID of version 4"),
    Kind(
        "Decimal",
        "Number",
        "a number with decimal places",
        {
            **_ends(option_parsers.number, Decimal(0), Decimal(1000), "number"),
            **_places(2),
        },
        option_checks.decimals,
    ),
    Kind(
        "Datetime",
        "Time",
        "a time in whole seconds, UTC",
        {
            **_past(option_parsers.moment, datetime(2000, 1, 1), "time"),  # noqa: DTZ001
            "format": _FORMAT_OF_TIMES,
        },
        option_checks.bounds,
    ),
    Kind(
        "Choice",
        "Other",
        "one of some values",
        {
            "values": Option(
                option_parsers.plain_values, None, "the values: texts, numbers, true or false", is_required=True
            ),
            "weights": Option(
                option_parsers.weights, None, "how often each value comes, in proportion; default: equally often"
            ),
        },
        option_checks.choices,
    ),
    Kind(
        "Constant",
        "Other",
        "the same in every row",
        {"value": Option(option_parsers.plain_value, None, "the value", is_required=True)},
    ),
    Kind(
        "Sequence",
        "Number",
        "whole numbers that follow each other",
        {
            "from": Option(option_parsers.whole, 1, "the first number"),
            "step": Option(option_parsers.whole, 1, "what is added from row to row; below 0 counts down"),
        },
        option_checks.steps,
    ),
    Kind(
        "First Name",
        "Person",
        "first name; that of the Full Name in the row, if there is one",
        {"name_from": _related("Full Name"), **_LOCALE},
    ),
    Kind(
        "Last Name",
        "Person",
        "last name; that of the Full Name in the row, if there is one",
        {"name_from": _related("Full Name"), **_LOCALE},
    ),
    Kind("City", "Place", "name of a city", _LOCALE),
    Kind("Street", "Place", "a street with a house number", _LOCALE),
    Kind("Country", "Place", "name of a country, in English"),
    Kind("Latitude", "Place", "degrees north (above 0) or south", _degrees(90), option_checks.decimals),
    Kind("Longitude", "Place", "degrees east (above 0) or west", _degrees(180), option_checks.decimals),
    Kind(
        "IP Address",
        "Internet",
        "a public address of the internet protocol",
        {"version": Option(option_parsers.one_number_of(4, 6), 4, "4 or 6")},
    ),
    Kind(
        "URL",
        "Internet",
        "address of a web page; its domain fits the domain or company in the row",
        {"domain_from": _related("Domain Name", "Company Name")},
    ),
    Kind(
        "Currency",
        "Number",
        "a currency of ISO 4217",
        {"form": Option(option_parsers.one_of("code", "name"), "code", "the code (EUR) or the name (Euro)")},
    ),
    Kind(
        "Normal Distribution",
        "Number",
        "a number near the mean more often than far from it",
        {
            "mean": Option(option_parsers.number, Decimal(0), "the mean"),
            "deviation": Option(option_parsers.number, Decimal(1), "the standard deviation, above 0"),
            "from": Option(option_parsers.number, None, "the lowest number, included; default: no bound"),
            "to": Option(option_parsers.number, None, "the highest number, included; default: no bound"),
            **_places(2),
        },
        option_checks.normal,
        can_be_unique=False,
    ),
    Kind(
        "Regular Expression",
        "Text",
        "a text that matches a regular expression",
        {
            "pattern": Option(
                _parsed("regular expression", parse_regex, LONGEST_REGEX),
                None,
                "the expression, like [A-Z]{2}-\\d{4}",
                is_required=True,
            ),
        },
    ),
    Kind(
        "Template",
        "Text",
        "a text with values of other columns of the row",
        {
            "template": Option(
                _parsed("template", parse_template, LONGEST_TEMPLATE),
                None,
                "the text, with columns like {name} or {name|first(1)|lower}",
                is_required=True,
            ),
        },
        refers_to=option_checks.template_columns,
        can_be_unique=False,
    ),
    Kind(
        "Formula",
        "Number",
        "a number computed from other columns of the row",
        {
            "formula": Option(
                _parsed("formula", parse_formula, LONGEST_FORMULA),
                None,
                "the formula, like {price} * {quantity}",
                is_required=True,
            ),
            **_places(2),
        },
        refers_to=option_checks.formula_columns,
        operands=NUMERIC,
        can_be_unique=False,
    ),
    Kind(
        "Foreign Key",
        "Other",
        "a value of a column of another made-up file",
        {
            "schema": Option(option_parsers.schema_name, None, "name of the other file's schema", is_required=True),
            "column": Option(option_parsers.column_name, None, "header of the other file's column", is_required=True),
            "rows": Option(
                option_parsers.whole_between(1, MOST_ROWS), None, "number of rows of the other file", is_required=True
            ),
            "seed": Option(option_parsers.whole, 0, "seed of the other file"),
        },
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
