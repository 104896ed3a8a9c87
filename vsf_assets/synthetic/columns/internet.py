"""Generates values of the internet: IP addresses and addresses of web pages.

Here: their parts. Not here: domains (companies.py) and e-mail addresses (people.py).
"""

from functools import cache

import numpy as np
import polars as pl

from vsf_assets.synthetic.columns.companies import domain_of
from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined, one_of_each
from vsf_assets.synthetic.model import word_pools as pools
from vsf_assets.synthetic.model.counter_prng import lanes, permuted, split
from vsf_assets.synthetic.model.schema import Column
from vsf_assets.synthetic.model.word_pools import Pool

_SPECIAL = {10, 100, 127, 169, 172, 192, 198, 203}
"""First parts of addresses of version 4 that are wholly or partly private, for tests or for other special uses."""

_PREFIXES = ("2400", "2600", "2800", "2a00", "2a02", "2c0f")
"""First parts of addresses of version 6, of the registries of all continents."""


def ip_address(column: Column, request: Request) -> Maker:
    """Public addresses; those of version 6 in their canonical form (RFC 5952)."""
    if column.options["version"] == 4:
        return one_of_each(column, request, "ip", (_first_parts(), _parts(), _parts(), _last_parts()))
    keys = request.key(column, "network"), request.key(column, "host")

    def make(row_range: RowRange) -> pl.Series:
        network, host = lanes(keys[0], row_range.rows), lanes(keys[1], row_range.rows)
        if column.is_unique:
            host = split(permuted(keys[1], row_range.rows, 2**62))
        words: list[pl.Series | str] = [_networks().pick(network[:, 3])]
        for place in range(4):  # two groups that follow each other are never both 0, which would be written as ::
            words.append(_groups(":" if place < 3 else "").gather(pl.Series(host[:, place].astype(np.uint32))))
            if place < 3:
                words.append(_groups(":").gather(pl.Series(np.maximum(network[:, place], 1).astype(np.uint32))))
        return joined(*words)

    return make


def url(column: Column, request: Request) -> Maker:
    """Addresses of web pages on the row's domain; with a number if the column is unique."""
    domain = domain_of(column.options["domain_from"], column, request)
    width = len(str(max(request.rows - 1, 9)))
    key, number_key = request.key(column, "path"), request.key(column, "number")

    def make(row_range: RowRange) -> pl.Series:
        drawn = lanes(key, row_range.rows)
        words: list[pl.Series | str] = [_hosts().pick(drawn[:, 0]), *domain(row_range), _words().pick(drawn[:, 1])]
        if column.is_unique:
            return joined(*words, "/", pl.Series(permuted(number_key, row_range.rows, 10**width)).cast(pl.String))
        return joined(*words, _paths().pick(drawn[:, 2]))

    return make


@cache
def _first_parts() -> Pool:
    return Pool([f"{number}." for number in range(1, 224) if number not in _SPECIAL])


@cache
def _parts() -> Pool:
    return Pool([f"{number}." for number in range(256)])


@cache
def _last_parts() -> Pool:
    return Pool([str(number) for number in range(1, 255)])


@cache
def _networks() -> Pool:
    return Pool([f"{prefix}:" for prefix in _PREFIXES])


@cache
def _groups(colon: str) -> pl.Series:
    """Return the groups of an address of version 6, with what follows them."""
    return pools.series([f"{number:x}{colon}" for number in range(65536)])


@cache
def _hosts() -> Pool:
    return Pool(["https://www.", "https://", "http://www."], [6, 3, 1])


@cache
def _words() -> Pool:
    """English words of a path, with the slash before them."""
    return Pool([f"/{word}" for word in pools.nouns()])


@cache
def _paths() -> Pool:
    """Ends of a path: nothing, or another word."""
    return Pool(["", *(f"/{word}" for word in pools.nouns())], [len(pools.nouns()), *[1] * len(pools.nouns())])
