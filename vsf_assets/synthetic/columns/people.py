"""Generates values about persons: names, jobs, e-mail addresses, phone numbers, in any locale.

Here: the choice and the spelling of a row's name, and the e-mail address that matches it. Not here: domains
(companies.py) and word lists (synthetic/model/word_pools.py, local_pools.py).
"""

from collections.abc import Callable
from functools import cache
from string import ascii_uppercase
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.companies import domain_of
from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined, locale_of, one_of_each
from vsf_assets.synthetic.model import local_pools
from vsf_assets.synthetic.model import word_pools as pools
from vsf_assets.synthetic.model.counter_prng import lanes, permuted
from vsf_assets.synthetic.model.locale_names import DEFAULT
from vsf_assets.synthetic.model.schema import Column

Places = npt.NDArray[np.uint32]


class _PersonParts(NamedTuple):
    """Indexes of the parts of names in their pools; `middle` is None if no name has a middle part."""

    first: Places
    middle: Places | None
    last: Places


def full_name(column: Column, request: Request) -> Maker:
    """First and last names; with a middle name or initial only if a unique column needs more names."""
    size, locale = _size(column, request), locale_of(column)
    is_family_first = local_pools.is_family_first(locale)

    def make(row_range: RowRange) -> pl.Series:
        parts = _parts(column, request, size, row_range)
        first, last = _first(locale, parts), _spaced_last_names(locale).gather(_last_places(locale, parts))
        if is_family_first:
            first, last = last, first
        if parts.middle is None:
            return first + last
        middle = _middles(locale).gather(pl.Series(parts.middle))
        return joined(first, last, middle) if is_family_first else joined(first, middle, last)

    return make


def first_name(column: Column, request: Request) -> Maker:
    """First names: that of the row's full name, or one of its own."""
    return _one_name(column, request, "first name", _first)


def last_name(column: Column, request: Request) -> Maker:
    """Last names: that of the row's full name, or one of its own."""
    return _one_name(column, request, "last name", _last)


def _one_name(
    column: Column, request: Request, purpose: str, pick: Callable[[str, "_PersonParts"], pl.Series]
) -> Maker:
    named = column.options["name_from"]
    if named is None or column.is_unique:
        pool = (local_pools.first_names if purpose == "first name" else local_pools.last_names)(locale_of(column))
        return one_of_each(column, request, purpose, (pool,))
    person = request.column(named)
    size, locale = _size(person, request), locale_of(person)
    return lambda row_range: pick(locale, _parts(person, request, size, row_range))


def email(column: Column, request: Request) -> Maker:
    """E-mail addresses: the row's first and last name at the row's domain; with a number if the column is unique."""
    named = column.options["name_from"]
    person = column if named is None else request.column(named)
    size = _size(person, request) if person is not column else 0
    locale = locale_of(person)
    domain = domain_of(column.options["domain_from"], column, request)
    width = len(str(max(request.rows - 1, 9)))
    key, style = request.key(column, "number"), request.key(column, "style")

    def make(row_range: RowRange) -> pl.Series:
        parts = _parts(person, request, size, row_range)
        styles = lanes(style, row_range.rows)
        first = _first_slugs(locale).gather(
            pl.Series(parts.first * np.uint32(_JOINTS.size) + _JOINTS.places(styles[:, 0]))
        )
        last = _last_slugs(locale).gather(pl.Series(parts.last))
        if column.is_unique:
            number = pl.Series(permuted(key, row_range.rows, 10**width)).cast(pl.String)
            return joined(first, last, number, "@", *domain(row_range))
        return joined(first, last, _ENDS.pick(styles[:, 1]), *domain(row_range))

    return make


def job(column: Column, request: Request) -> Maker:
    """Names of jobs."""
    pool, key = pools.jobs(), request.key(column, "job")
    if column.is_unique:
        size = request.room(column, pool.size)
        return lambda row_range: pool.at(permuted(key, row_range.rows, size).astype(np.uint32))
    return lambda row_range: pool.pick(lanes(key, row_range.rows)[:, 0])


def phone_number(column: Column, request: Request) -> Maker:
    """Phone numbers: a beginning and two groups of digits."""
    return one_of_each(column, request, "phone", local_pools.phones(locale_of(column)))


def _size(person: Column, request: Request) -> int:
    """Return the number of names to permute for a unique column; 0 if names may repeat."""
    if not person.is_unique:
        return 0
    locale = locale_of(person)
    plain = local_pools.first_names(locale).size * local_pools.last_names(locale).size
    sizes = [plain, plain * len(_middles(locale))]
    if locale == DEFAULT:
        sizes.insert(1, plain * (1 + len(ascii_uppercase)))
    return request.room(person, *sizes)


def _parts(person: Column, request: Request, size: int, row_range: RowRange) -> _PersonParts:
    """Return the parts of the rows' names."""
    locale = locale_of(person)
    firsts, lasts = local_pools.first_names(locale), local_pools.last_names(locale)

    def choose() -> _PersonParts:
        key = request.key(person, "name")
        if not size:
            drawn = lanes(key, row_range.rows)
            return _PersonParts(firsts.places(drawn[:, 0]), None, lasts.places(drawn[:, 1]))
        rest, last = np.divmod(permuted(key, row_range.rows, size), np.uint64(lasts.size))
        middle, first = np.divmod(rest, np.uint64(firsts.size))
        has_middles = size > firsts.size * lasts.size
        return _PersonParts(
            first.astype(np.uint32), middle.astype(np.uint32) if has_middles else None, last.astype(np.uint32)
        )

    found: _PersonParts = row_range.once(("name", person.name), choose)
    return found


def _first(locale: str, parts: _PersonParts) -> pl.Series:
    return local_pools.first_names(locale).at(parts.first)


def _last(locale: str, parts: _PersonParts) -> pl.Series:
    return local_pools.last_name_forms(locale).gather(_last_places(locale, parts))


def _last_places(locale: str, parts: _PersonParts) -> pl.Series:
    """Return the indexes of last names in the form that fits the first name."""
    offsets = local_pools.form_offsets(locale)
    return pl.Series(parts.last if offsets is None else parts.last + offsets[parts.first])


_JOINTS = pools.Pool([".", "_", ""], [6, 1, 1])
_ENDS = pools.Pool(["@", *(f"{number}@" for number in range(1, 100))], [200, *[1] * 99])
"""The text between the two names of an address (_JOINTS), and after them (_ENDS)."""


@cache
def _middles(locale: str) -> pl.Series:
    """Texts between first and last name: an empty text, an initial (in English), or another first name."""
    initials = [f" {letter}." for letter in ascii_uppercase] if locale == DEFAULT else []
    return pools.series(["", *initials, *(f" {name}" for name in local_pools.first_names(locale).words)])


@cache
def _spaced_last_names(locale: str) -> pl.Series:
    """Last names with the space between them and the first name, on the side where that one is."""
    before, after = ("", " ") if local_pools.is_family_first(locale) else (" ", "")
    return pools.series([f"{before}{name}{after}" for name in local_pools.last_name_forms(locale)])


@cache
def _first_slugs(locale: str) -> pl.Series:
    return pools.series([slug + joint for slug in local_pools.slugs(locale, "first") for joint in _JOINTS.words])


@cache
def _last_slugs(locale: str) -> pl.Series:
    return pools.series(local_pools.slugs(locale, "last"))
