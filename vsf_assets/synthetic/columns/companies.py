"""Generates company names and their domains.

Here: the choice and the spelling of a row's company, and the domain that matches it. Not here: e-mail addresses
(people.py) and word lists (synthetic/model/word_pools.py).
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined
from vsf_assets.synthetic.model import word_pools as pools
from vsf_assets.synthetic.model.counter_prng import Numbers, key_of, lanes, permuted
from vsf_assets.synthetic.model.schema import Column

Places = npt.NDArray[np.uint32]


class _CompanyParts(NamedTuple):
    """Indexes of a company's parts in their lists: first partner, follower, third partner (0: none)."""

    first: Places
    second: Places
    third: Places


def company_name(column: Column, request: Request) -> Maker:
    """Company names: one partner and a legal form, or two or three partners."""
    size = _size(column, request)

    def make(row_range: RowRange) -> pl.Series:
        parts = _parts(column, request, size, row_range)
        first = pools.last_names().at(parts.first)
        return joined(first, _followers().gather(pl.Series(parts.second)), _thirds().gather(pl.Series(parts.third)))

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
            return _domain(company, request, size, row_range)
        number = pl.Series(permuted(key, row_range.rows, 10**width)).cast(pl.String)
        return _domain(company, request, size, row_range, number)

    return lambda row_range: row_range.once(("domain column", column.name), lambda: make(row_range))


def domain_of(named: str | None, column: Column, request: Request) -> Callable[[RowRange], pl.Series]:
    """Return a maker of the domains that another column contains.

    Args:
        named: header of a column of domains or companies; None for domains of the column itself.
        column: the column that contains the domains.
        request: the request.
    """
    other = column if named is None else request.column(named)
    if other.kind.name == "Domain Name":
        return domain_name(other, request)
    size = _size(other, request) if named is not None else 0
    return lambda row_range: _domain(other, request, size, row_range)


def _domain(
    company: Column, request: Request, size: int, row_range: RowRange, number: pl.Series | None = None
) -> pl.Series:
    """Return domains of companies; without a number, equal companies have equal domains."""
    parts = _parts(company, request, size, row_range)
    words = [
        _slugs().gather(pl.Series(parts.first)),
        _follower_slugs().gather(pl.Series(parts.second)),
        _third_slugs().gather(pl.Series(parts.third)),
    ]
    whole = parts.first.astype(np.uint64) + parts.second.astype(np.uint64) * np.uint64(2**20)
    end = pools.top_domains().pick(lanes(key_of("top domain"), whole)[:, 0])
    return joined(*words, *([] if number is None else [number]), end)


def _sizes() -> tuple[int, int, int]:
    """Return the number of possible companies of each form: one, two and three partners."""
    names = pools.last_names().size
    return names * len(pools.company_suffixes()), names**2, names**3


def _size(company: Column, request: Request) -> int:
    """Return the number of companies to permute for a unique column; 0 if companies may repeat."""
    one, two, three = _sizes()
    return request.room(company, one, one + two, one + two + three) if company.is_unique else 0


def _parts(company: Column, request: Request, size: int, row_range: RowRange) -> _CompanyParts:
    def choose() -> _CompanyParts:
        key = request.key(company, "company")
        return _counted(permuted(key, row_range.rows, size)) if size else _drawn(key, row_range.rows)

    found: _CompanyParts = row_range.once(("company", company.name), choose)
    return found


def _drawn(key: np.uint64, rows: Numbers) -> _CompanyParts:
    """Draw companies that may repeat: 60 % with a legal form, 20 % with two and 20 % with three partners."""
    drawn, names, forms = lanes(key, rows), pools.last_names(), _forms()
    form = drawn[:, 1]
    return _CompanyParts(
        names.places(drawn[:, 0]),
        forms.follower[form] + names.places(drawn[:, 2]) * forms.has_second[form],
        (names.places(drawn[:, 3]) + np.uint32(1)) * forms.has_third[form],
    )


def _counted(numbers: Numbers) -> _CompanyParts:
    """Return the company of each number, in this order: with a legal form, two partners, three partners."""
    one, two, _ = _sizes()
    names, forms = np.uint64(pools.last_names().size), len(pools.company_suffixes())
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
def _forms() -> _Forms:
    form, ending = np.divmod(np.arange(65536, dtype=np.uint32), np.uint32(6554))
    legal = len(pools.company_suffixes())
    partner = np.where(form < 8, legal, legal + pools.last_names().size)
    return _Forms(
        np.where(form < 6, ending % legal, partner).astype(np.uint32),
        (form >= 6).astype(np.uint32),
        (form >= 8).astype(np.uint32),
    )


@cache
def _followers() -> pl.Series:
    """Followers of the first partner: legal forms, second partners of two, second partners of three."""
    names = pools.last_names().words
    forms = [f" {form}" for form in pools.company_suffixes()]
    return pools.series([*forms, *(f"-{name}" for name in names), *(f", {name}" for name in names)])


@cache
def _thirds() -> pl.Series:
    return pools.series(["", *(f" and {name}" for name in pools.last_names().words)])


@cache
def _slugs() -> pl.Series:
    return pools.series([pools.slug(name) for name in pools.last_names().words])


@cache
def _follower_slugs() -> pl.Series:
    names = [f"-{slug}" for slug in _slugs()]
    return pools.series([*("" for _ in pools.company_suffixes()), *names, *names])


@cache
def _third_slugs() -> pl.Series:
    return pools.series(["", *(f"-{slug}" for slug in _slugs())])
