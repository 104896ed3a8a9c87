"""Generates company names and their domains, in any locale.

Here: the choice and the spelling of a row's company, and the domain that matches it. Not here: e-mail addresses
(people.py) and word lists (synthetic/model/word_pools.py, local_pools.py).
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined, locale_of
from vsf_assets.synthetic.model import local_pools
from vsf_assets.synthetic.model import word_pools as pools
from vsf_assets.synthetic.model.counter_prng import Numbers, key_of, lanes, permuted
from vsf_assets.synthetic.model.local_words import LOCAL
from vsf_assets.synthetic.model.locale_names import DEFAULT
from vsf_assets.synthetic.model.schema import Column

Places = npt.NDArray[np.uint32]


class _CompanyParts(NamedTuple):
    """Indexes of a company's parts in their lists: first partner, follower, third partner (0: none)."""

    first: Places
    second: Places
    third: Places


def company_name(column: Column, request: Request) -> Maker:
    """Company names: one partner and a legal form, or two or three partners."""
    size, locale = _size(column, request), locale_of(column)
    prefixes = _prefixes(locale)

    def make(row_range: RowRange) -> pl.Series:
        parts = _parts(column, request, size, row_range)
        first, second = local_pools.last_names(locale).at(parts.first), pl.Series(parts.second)
        words = [first, _followers(locale).gather(second), _thirds(locale).gather(pl.Series(parts.third))]
        return joined(*words) if prefixes is None else joined(prefixes.gather(second), *words)

    return make


def domain_name(column: Column, request: Request) -> Maker:
    """Domains from the partners of the row's company; with a number if the column is unique."""
    named = column.options["company_from"]
    company = column if named is None else request.column(named)
    size = _size(company, request) if company is not column else 0
    width = len(str(max(request.rows - 1, 9)))
    key = request.key(column, "number")

    def make(row_range: RowRange) -> pl.Series:
        if not column.is_unique:
            return joined(*_domain(company, request, size, row_range))
        number = pl.Series(permuted(key, row_range.rows, 10**width)).cast(pl.String)
        return joined(*_domain(company, request, size, row_range, number))

    return lambda row_range: row_range.once(("domain column", column.name), lambda: make(row_range))


def domain_of(named: str | None, column: Column, request: Request) -> Callable[[RowRange], list[pl.Series]]:
    """Return a maker of the domains that another column contains, each in parts to join: joining twice is slower.

    Args:
        named: header of a column of domains or companies; None for domains of the column itself.
        column: the column that contains the domains.
        request: the request.
    """
    other = column if named is None else request.column(named)
    if other.kind.name == "Domain Name":
        made = domain_name(other, request)
        return lambda row_range: [made(row_range)]
    size = _size(other, request) if named is not None else 0
    return lambda row_range: _domain(other, request, size, row_range)


def _domain(
    company: Column, request: Request, size: int, row_range: RowRange, number: pl.Series | None = None
) -> list[pl.Series]:
    """Return the parts of domains of companies; without a number, equal companies have equal domains."""
    parts = _parts(company, request, size, row_range)
    locale, tops = locale_of(company), pools.top_domains()
    whole = parts.first.astype(np.uint64) + parts.second.astype(np.uint64) * np.uint64(2**20)
    top = tops.places(lanes(key_of("top domain"), whole)[:, 0])
    words = [_slugs(locale).gather(pl.Series(parts.first)), _follower_slugs(locale).gather(pl.Series(parts.second))]
    if number is None:
        return [*words, _third_slugs_and_tops(locale).gather(pl.Series(parts.third * np.uint32(tops.size) + top))]
    return [*words, _third_slugs(locale).gather(pl.Series(parts.third)), number, tops.at(top)]


def _sizes(locale: str) -> tuple[int, int, int]:
    """Return the number of possible companies of each form: one, two and three partners."""
    names = local_pools.last_names(locale).size
    return names * len(_legal_forms(locale)), names**2, names**3


def _size(company: Column, request: Request) -> int:
    """Return the number of companies to permute for a unique column; 0 if companies may repeat."""
    one, two, three = _sizes(locale_of(company))
    return request.room(company, one, one + two, one + two + three) if company.is_unique else 0


def _parts(company: Column, request: Request, size: int, row_range: RowRange) -> _CompanyParts:
    def choose() -> _CompanyParts:
        key = request.key(company, "company")
        if size:
            return _counted(locale_of(company), permuted(key, row_range.rows, size))
        return _drawn(locale_of(company), key, row_range.rows)

    found: _CompanyParts = row_range.once(("company", company.name), choose)
    return found


def _drawn(locale: str, key: np.uint64, rows: Numbers) -> _CompanyParts:
    """Draw companies that may repeat: 60 % with a legal form, 20 % with two and 20 % with three partners."""
    drawn, names, forms = lanes(key, rows), local_pools.last_names(locale), _forms(locale)
    form = drawn[:, 1]
    return _CompanyParts(
        names.places(drawn[:, 0]),
        forms.follower[form] + names.places(drawn[:, 2]) * forms.has_second[form],
        (names.places(drawn[:, 3]) + np.uint32(1)) * forms.has_third[form],
    )


def _counted(locale: str, numbers: Numbers) -> _CompanyParts:
    """Return the company of each number, in this order: with a legal form, two partners, three partners."""
    one, two, _ = _sizes(locale)
    names, forms = np.uint64(local_pools.last_names(locale).size), len(_legal_forms(locale))
    has_three = numbers >= one + two
    # Companies of three partners are counted from their first number; the other numbers are already indexes of
    # followers.
    rest, first = np.divmod(np.where(has_three, numbers - np.uint64(one + two), numbers), names)
    third, low = np.divmod(rest, names)
    second = np.where(has_three, low + names + np.uint64(forms), rest)
    third = np.where(has_three, third + np.uint64(1), np.uint64(0))
    return _CompanyParts(first.astype(np.uint32), second.astype(np.uint32), third.astype(np.uint32))


class _Forms(NamedTuple):
    """For each number below 65,536: the first follower, and whether (0 or 1) a second and third partner are added."""

    follower: Places
    has_second: Places
    has_third: Places


@cache
def _legal_forms(locale: str) -> tuple[tuple[str, str], ...]:
    """Return (text before, text after the name) of each legal form."""
    if locale == DEFAULT:
        return tuple(("", f" {form}") for form in pools.company_suffixes())
    return tuple((before, after) for before, _, after in (form.partition("|") for form in LOCAL[locale].forms))


@cache
def _forms(locale: str) -> _Forms:
    form, ending = np.divmod(np.arange(65536, dtype=np.uint32), np.uint32(6554))
    legal = len(_legal_forms(locale))
    partner = np.where(form < 8, legal, legal + local_pools.last_names(locale).size)
    return _Forms(
        np.where(form < 6, ending % legal, partner).astype(np.uint32),
        (form >= 6).astype(np.uint32),
        (form >= 8).astype(np.uint32),
    )


@cache
def _followers(locale: str) -> pl.Series:
    """Followers of the first partner: legal forms, second partners of two, second partners of three."""
    names = local_pools.last_names(locale).words
    two, three = ("-", ", ") if locale == DEFAULT else (LOCAL[locale].two, LOCAL[locale].three[0])
    forms = [after for _, after in _legal_forms(locale)]
    return pools.series([*forms, *(f"{two}{name}" for name in names), *(f"{three}{name}" for name in names)])


@cache
def _prefixes(locale: str) -> pl.Series | None:
    """Texts before the first partner, by the index of its follower; None if the locale has none."""
    forms = [before for before, _ in _legal_forms(locale)]
    return pools.series([*forms, *[""] * (2 * local_pools.last_names(locale).size)]) if any(forms) else None


@cache
def _thirds(locale: str) -> pl.Series:
    last = " and " if locale == DEFAULT else LOCAL[locale].three[1]
    return pools.series(["", *(f"{last}{name}" for name in local_pools.last_names(locale).words)])


@cache
def _slugs(locale: str) -> pl.Series:
    return pools.series(local_pools.slugs(locale, "last"))


@cache
def _follower_slugs(locale: str) -> pl.Series:
    names = [f"-{slug}" for slug in _slugs(locale)]
    return pools.series([*("" for _ in _legal_forms(locale)), *names, *names])


@cache
def _third_slugs(locale: str) -> pl.Series:
    return pools.series(["", *(f"-{slug}" for slug in _slugs(locale))])


@cache
def _third_slugs_and_tops(locale: str) -> pl.Series:
    """Return each third slug with each top-level domain after it: one text to join instead of two."""
    return pools.series([f"{slug}{top}" for slug in _third_slugs(locale) for top in pools.top_domains().words])
