"""Generates values about persons: names, jobs, e-mail addresses, phone numbers.

Here: the choice and the spelling of a row's name, and the e-mail address that matches it. Not here: domains
(companies.py) and word lists (synthetic/model/word_pools.py).
"""

from functools import cache
from string import ascii_uppercase
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.companies import domain_of
from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined, one_of_each
from vsf_assets.synthetic.model import word_pools as pools
from vsf_assets.synthetic.model.counter_prng import lanes, permuted
from vsf_assets.synthetic.model.schema import Column

Places = npt.NDArray[np.uint32]


class _PersonParts(NamedTuple):
    """Indexes of the parts of names in their pools; `middle` is None if no name has a middle part."""

    first: Places
    middle: Places | None
    last: Places


def full_name(column: Column, request: Request) -> Maker:
    """First and last names; with a middle name or initial only if a unique column needs more names."""
    size = _size(column, request)

    def make(row_range: RowRange) -> pl.Series:
        parts = _parts(column, request, size, row_range)
        first, last = pools.first_names().at(parts.first), _spaced_last_names().gather(pl.Series(parts.last))
        if parts.middle is None:
            return first + last
        return joined(first, _middles().gather(pl.Series(parts.middle)), last)

    return make


def email(column: Column, request: Request) -> Maker:
    """E-mail addresses: the row's first and last name at the row's domain; with a number if the column is unique."""
    named = column.options["name_from"]
    person = column if named is None else request.column(named)
    size = _size(person, request) if person is not column else 0
    domain = domain_of(column.options["domain_from"], column, request)
    width = len(str(max(request.rows - 1, 9)))
    key, style = request.key(column, "number"), request.key(column, "style")

    def make(row_range: RowRange) -> pl.Series:
        parts = _parts(person, request, size, row_range)
        styles = lanes(style, row_range.rows)
        first = _first_slugs().gather(pl.Series(parts.first * np.uint32(_JOINTS.size) + _JOINTS.places(styles[:, 0])))
        last = _last_slugs().gather(pl.Series(parts.last))
        if column.is_unique:
            number = pl.Series(permuted(key, row_range.rows, 10**width)).cast(pl.String)
            return joined(first, last, number, "@", domain(row_range))
        return joined(first, last, _ENDS.pick(styles[:, 1]), domain(row_range))

    return make


def job(column: Column, request: Request) -> Maker:
    """Names of jobs."""
    pool, key = pools.jobs(), request.key(column, "job")
    if column.is_unique:
        size = request.room(column, pool.size)
        return lambda row_range: pool.at(permuted(key, row_range.rows, size).astype(np.uint32))
    return lambda row_range: pool.pick(lanes(key, row_range.rows)[:, 0])


def phone_number(column: Column, request: Request) -> Maker:
    """Phone numbers of the North American numbering plan."""
    return one_of_each(column, request, "phone", (_areas(), _exchanges(), _lines()))


def _size(person: Column, request: Request) -> int:
    """Return the number of names to permute for a unique column; 0 if names may repeat."""
    if not person.is_unique:
        return 0
    plain = pools.first_names().size * pools.last_names().size
    return request.room(person, plain, plain * (1 + len(ascii_uppercase)), plain * len(_middles()))


def _parts(person: Column, request: Request, size: int, row_range: RowRange) -> _PersonParts:
    """Return the parts of the rows' names."""

    def choose() -> _PersonParts:
        key = request.key(person, "name")
        if not size:
            drawn = lanes(key, row_range.rows)
            return _PersonParts(pools.first_names().places(drawn[:, 0]), None, pools.last_names().places(drawn[:, 1]))
        rest, last = np.divmod(permuted(key, row_range.rows, size), np.uint64(pools.last_names().size))
        middle, first = np.divmod(rest, np.uint64(pools.first_names().size))
        has_middles = size > pools.first_names().size * pools.last_names().size
        return _PersonParts(
            first.astype(np.uint32), middle.astype(np.uint32) if has_middles else None, last.astype(np.uint32)
        )

    found: _PersonParts = row_range.once(("name", person.name), choose)
    return found


_JOINTS = pools.Pool([".", "_", ""], [6, 1, 1])
_ENDS = pools.Pool(["@", *(f"{number}@" for number in range(1, 100))], [200, *[1] * 99])
"""The text between the two names of an address (_JOINTS), and after them (_ENDS)."""


@cache
def _middles() -> pl.Series:
    """Texts between first and last name: an empty text, an initial, or another first name."""
    initials = [f" {letter}." for letter in ascii_uppercase]
    return pools.series(["", *initials, *(f" {name}" for name in pools.first_names().words)])


@cache
def _spaced_last_names() -> pl.Series:
    return pools.series([f" {name}" for name in pools.last_names().words])


@cache
def _first_slugs() -> pl.Series:
    return pools.series([pools.slug(name) + joint for name in pools.first_names().words for joint in _JOINTS.words])


@cache
def _last_slugs() -> pl.Series:
    return pools.series([pools.slug(name) for name in pools.last_names().words])


@cache
def _areas() -> pools.Pool:
    """Possible area codes: without 9 in the middle, and without 11 at the end."""
    return pools.Pool([f"+1-{code}-" for code in range(200, 990) if code // 10 % 10 != 9 and code % 100 != 11])


@cache
def _exchanges() -> pools.Pool:
    return pools.Pool([f"{code}-" for code in range(200, 1000) if code % 100 != 11])


@cache
def _lines() -> pools.Pool:
    return pools.Pool([f"{line:04d}" for line in range(10_000)])
