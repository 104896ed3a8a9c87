"""Generates metadata dictionaries: namespaces, columns and data points.

Here: any number of valid, consistent rows, for the demo and for benchmarks. A column has the name of an attribute
(`currency`) and stands for a data point of an entity (`Fund Currency`), so one column name in one table may stand for
several data points. Not here: defects (csv_defects.py), and files (datasets.py).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from vsf_assets.demo.csv_defects import Row

_NAMESPACES = (
    *("Mutual Fund", "Exchange-Traded Fund", "Closed-End Fund", "Pension", "Insurance Fund", "Managed Account"),
    *("Private Fund", "Money Market", "Equity", "Bond"),
)
_LAYERS = ("core", "stg")
_TABLES = ("facts", "pricing", "clients", "documents", "reports", "reference_data")
_OWNERS = ("Fund Data", "Index Data", "Market Data", "Client Reporting", "Risk")
_ENTITIES = (
    *("Fund", "Share Class", "Portfolio", "Benchmark", "Holding", "Fee", "Distribution", "Manager", "Client", "Trade"),
)


class _Attribute(NamedTuple):
    """An attribute of an entity: its name, approved abbreviations, type and possible values."""

    name: str
    short: str
    type: str
    values: str


_ATTRIBUTES = (
    _Attribute("Id", "id|ident", "Text", ""),
    _Attribute("Legal Name", "nm|lgl_nm", "Text", ""),
    _Attribute("Inception Date", "incp_dt|inc_date", "Date", ""),
    _Attribute("Currency", "ccy", "Text", "EUR|GBP|JPY|USD"),
    _Attribute("Domicile", "dom|ctry", "Text", "DE|FR|IE|LU|US"),
    _Attribute("Status", "sts", "Text", "Open|Closed|Liquidated"),
    _Attribute("Net Assets", "nav|net_ast", "Decimal", ""),
    _Attribute("Frequency", "freq|frq", "Text", "Daily|Monthly|Yearly"),
)
_UNIVERSES = ("Open-End", "ETF", "Closed-End", "Separate Account")
_DOMICILES = ("Global", "EU", "UK", "US")
_REMARKS = ["as filed with the regulator", "at the end of the month", "as the manager states it", "in plain words"]
_DOCUMENTS = ["annual report", "fact sheet", "handbook", "prospectus"]


@cache
def headers() -> dict[str, Row]:
    """Return file name -> its columns, as the contracts declare them."""
    from vsf_assets.contracts import get_table
    from vsf_assets.feeds import all_feeds

    return {name: list(get_table(table).schema.columns) for name, table in all_feeds()["datasets"].members}


def dictionary(namespaces: int, points: int, columns: int, seed: int, unused: int = 0) -> dict[str, Iterator[Row]]:
    """Return file name -> its rows; a seed always gives the same rows.

    Args:
        namespaces: number of namespaces.
        points: number of data points.
        columns: number of rows of columns.csv; each stands for another data point or another place.
        seed: seed of the random numbers.
        unused: number of namespaces, and of data points, that no column uses; these are the last ones.
    """
    names = [_numbered(_NAMESPACES, number) for number in range(namespaces)]
    kinds = list(_kinds(points, seed))
    return {
        "namespaces.csv": ([f"ns-{number}", name, _standard(name)] for number, name in enumerate(names, 1)),
        "columns.csv": _columns(names[: namespaces - unused], kinds[: points - unused], columns, seed),
        "datapoints.csv": _points(kinds, seed),
    }


def _columns(names: list[str], kinds: list[tuple[str, _Attribute]], rows: int, seed: int) -> Iterator[Row]:
    sizes = (len(names), len(_LAYERS), len(_TABLES), len(kinds))
    held = [_standard(attribute.name) for _, attribute in kinds]
    databases = [[f"{_standard(name)}__{layer}" for layer in _LAYERS] for name in names]
    for number, place in enumerate(_distinct_places(rows, sizes, f"{seed} columns"), 1):
        namespace, layer, table, point = place
        yield [
            f"c-{number}",
            f"ns-{namespace + 1}",
            databases[namespace][layer],
            _TABLES[table],
            held[point],
            f"dp-{point + 1}",
            _OWNERS[namespace % len(_OWNERS)],
        ]


def _points(kinds: list[tuple[str, _Attribute]], seed: int) -> Iterator[Row]:
    made = _generated(
        len(kinds),
        seed,
        {"name": "remark", "type": "Choice", "values": _REMARKS},
        {"name": "universes", "type": "Integer", "to": 2 ** len(_UNIVERSES) - 1},
        {"name": "domiciles", "type": "Integer", "from": 1, "to": 2 ** len(_DOMICILES) - 1},
        {"name": "is_derived", "type": "Boolean", "true_share": 0.2},
        {"name": "document", "type": "Choice", "values": _DOCUMENTS, "null_share": 0.4},
        {"name": "page", "type": "Integer", "from": 1, "to": 90},
    )
    for number, ((entity, attribute), row) in enumerate(zip(kinds, made, strict=True), 1):
        remark, universes, domiciles, is_derived, document, page = row
        name = f"{entity} {attribute.name}"
        yield [
            f"dp-{number}",
            name,
            _standard(name),
            attribute.short,
            f"The {attribute.name.lower()} of a {entity.lower()}, {remark}",
            _listed(_UNIVERSES, universes),
            _listed(_DOMICILES, domiciles),
            attribute.type,
            attribute.values,
            "TRUE" if is_derived else "FALSE",
            f"{document}, page {page}" if document else "",
        ]


def _kinds(points: int, seed: int) -> Iterator[tuple[str, _Attribute]]:
    """Yield a distinct (entity, attribute) for each data point; when the words are used up, attributes get numbers."""
    series = -(-points // (len(_ENTITIES) * len(_ATTRIBUTES)))
    for entity, attribute, number in _distinct_places(
        points, (len(_ENTITIES), len(_ATTRIBUTES), series), f"{seed} points"
    ):
        kind = _ATTRIBUTES[attribute]
        yield _ENTITIES[entity], kind._replace(name=f"{kind.name} {number + 1}") if number else kind


def _distinct_places(rows: int, sizes: tuple[int, ...], seed: str) -> Iterator[list[int]]:
    """Yield a number below each size for each row; all rows are distinct.

    Raises:
        SchemaError: there are more rows than combinations.
    """
    space = 1
    for size in sizes:
        space *= size
    for (place,) in _generated(rows, 0, {"name": seed, "type": "Integer", "to": space - 1, "unique": True}):
        found = []
        for size in sizes:
            place, digit = divmod(place, size)
            found.append(digit)
        yield found


def _generated(rows: int, seed: int, *columns: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    from vsf_assets.synthetic.generator import generated_rows

    return generated_rows(columns, rows, seed).iter_rows()


def _numbered(words: tuple[str, ...], number: int) -> str:
    """Return the word of a number; when the words are used up, they repeat with a number."""
    series, place = divmod(number, len(words))
    return f"{words[place]} {series + 1}" if series else words[place]


def _standard(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def _listed(words: tuple[str, ...], choice: int) -> str:
    """Return the words whose bits are set in `choice`, as a list in one field."""
    return "|".join(word for place, word in enumerate(words) if choice >> place & 1)
