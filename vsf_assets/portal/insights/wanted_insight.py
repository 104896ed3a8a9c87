"""What an address asks of an insight: its filters and choices, checked, and the SQL that follows.

Here: the form of the parameters, their defaults, and the two texts of the SQL: with what the reader may see, and for a
command, which reads the tables themselves. Not here: running it (figures.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import seen_source
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.portal.insights.insight import DATE, NUMBER, TABLE, Insight, InsightChoice, InsightFilter
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.snapshots.pool import OpenSnapshot

LONGEST_WORD = 200
"""Characters of a value of a filter."""

SNAPSHOT = "snapshot"
"""Parameter with the number of a snapshot that need not be the current one."""

_LARGEST = 2**63


@dataclass(frozen=True)
class WantedInsight:
    """What an address asks of an insight.

    Attributes:
        insight: the insight.
        values: filter -> its value as a text; empty where it holds no condition.
        chosen: choice -> its option.
        given: the parameters that the address has.
    """

    insight: Insight
    values: Mapping[str, str]
    chosen: Mapping[str, str]
    given: Mapping[str, str]

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters that ask the same of any snapshot: also those that the defaults of this one gave."""
        values = [(name, value) for name, value in self.values.items() if value or name in self.given]
        return values + list(self.chosen.items())


def read_wanted(
    insight: Insight, parameters: Mapping[str, str], snapshot: OpenSnapshot, access: Access, own: tuple[str, ...] = ()
) -> WantedInsight:
    """Return what the parameters of an address ask for.

    Args:
        insight: the insight.
        parameters: of the address.
        snapshot: gives defaults.
        access: what the reader may see.
        own: parameters that are no filters.

    Raises:
        WrongParameterError: one is not understood.
    """
    filters = {found.name: found for found in insight.filters}
    choices = {found.name: found for found in insight.choices}
    given = {name: value for name, value in parameters.items() if name not in own}
    for name in given:
        if name not in filters and name not in choices:
            allowed = ", ".join([*filters, *choices]) or "none"
            raise WrongParameterError(f"{name[:60]} is no filter of {insight.name}; its filters: {allowed}")
    values = {}
    for name, found in filters.items():
        values[name] = _checked(found, given[name]) if name in given else _default(found, snapshot, access)
    chosen = {name: _option(found, given.get(name, "")) for name, found in choices.items()}
    return WantedInsight(insight, values, chosen, given)


def wanted_number(parameters: Mapping[str, str]) -> int | None:
    """Return the number of the snapshot that an address asks; None for the current one.

    Raises:
        WrongParameterError: it is no number of a snapshot.
    """
    text = parameters.get(SNAPSHOT, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise WrongParameterError(f"{SNAPSHOT}: {text[:60]!r} is no number of a snapshot")
    return int(text)


def _checked(found: InsightFilter, value: str) -> str:
    text = value.strip()
    if not text:
        return ""
    if found.kind == DATE:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise WrongParameterError(f"{found.name}: {text[:60]!r} is no date like 2019-05-20") from None
    if found.kind == NUMBER:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) < _LARGEST):
            raise WrongParameterError(f"{found.name}: {text[:60]!r} is no whole number")
        return str(int(text))
    if len(text) > LONGEST_WORD:
        raise WrongParameterError(f"{found.name}: the value is longer than {LONGEST_WORD} characters")
    return text


def _option(found: InsightChoice, value: str) -> str:
    options = list(found.options)
    if value and value not in options:
        raise WrongParameterError(f"{found.name}: {value[:60]!r} is none of {', '.join(options)}")
    return value or options[0]


def _default(found: InsightFilter, snapshot: OpenSnapshot, access: Access) -> str:
    if not found.default:
        return ""
    sql, values = _with_sources(found.default, snapshot, access)
    (value,) = snapshot.kept(sql, values).rows[0]
    return "" if value is None else str(value)


def words_of(found: InsightFilter, snapshot: OpenSnapshot, access: Access) -> list[str]:
    """Return the values that a filter may be chosen from."""
    sql, values = _with_sources(found.words, snapshot, access)
    return [str(value) for (value,) in snapshot.kept(f"{sql} limit 200", values, 200).rows]


def page_sql(wanted: WantedInsight, snapshot: OpenSnapshot, access: Access) -> tuple[str, dict[str, Any]]:
    """Return the SQL over what the reader may see, and the values of its parameters."""
    values: dict[str, Any] = {}
    where = []
    for number, found in enumerate(wanted.insight.filters):
        if wanted.values[found.name]:
            kind = {DATE: "date", NUMBER: "bigint"}.get(found.kind, "varchar")
            where.append(found.condition.format(value=f"cast($f{number} as {kind})"))
            values[f"f{number}"] = wanted.values[found.name]
    sql, more = _with_sources(_filled(wanted, where, wanted.insight.sql), snapshot, access)
    return sql, {**values, **more}


def command_sql(wanted: WantedInsight) -> str:
    """Return the SQL for a person who asks the snapshot itself."""
    where = []
    for found in wanted.insight.filters:
        if text := wanted.values[found.name]:
            quoted = "'" + text.replace("'", "''") + "'"
            shown = {DATE: f"date {quoted}", NUMBER: text}.get(found.kind, quoted)
            where.append(found.condition.format(value=shown))
    return _filled(wanted, where, TABLE.sub(r"\1", wanted.insight.sql))


def _filled(wanted: WantedInsight, where: list[str], sql: str) -> str:
    """Return the SQL with its conditions and choices."""
    options = {found.name: found.options[wanted.chosen[found.name]] for found in wanted.insight.choices}
    return sql.strip().format(where=" and ".join(where) or "true", **options)


def _with_sources(sql: str, snapshot: OpenSnapshot, access: Access) -> tuple[str, dict[str, Any]]:
    """Return SQL that reads what may be seen of its tables; equal parameters of two tables have equal values."""
    catalog, values, sources = catalog_of(snapshot), dict[str, Any](), dict[str, str]()
    for name in set(TABLE.findall(sql)):
        sources[name], found = seen_source(snapshot, catalog[name], access)
        values |= found
    return TABLE.sub(lambda match: sources[match[1]], sql), values
