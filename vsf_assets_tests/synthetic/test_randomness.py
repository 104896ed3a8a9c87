"""Chance by key and row: known numbers, bounds, and permutations that reach every number once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsf_assets.synthetic.model.counter_prng import below, chances, draws, key_of, lanes, permuted, rows_of


def test_draws_are_splitmix64() -> None:
    """The published sequence of SplitMix64 from state 0."""
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert draws(np.uint64(0), rows_of(0, 3)).tolist() == expected


def splitmix64(state: int) -> int:
    """Return the number of SplitMix64 that follows a state, in whole numbers of Python."""
    state = (state + 0x9E3779B97F4A7C15) % 2**64
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
    return state ^ state >> 31


def test_many_draws_are_the_same_as_one_by_one() -> None:
    key = 0xDEADBEEF12345678
    expected = [splitmix64((key + row * 0x9E3779B97F4A7C15) % 2**64) for row in range(7, 40_007)]
    assert draws(np.uint64(key), rows_of(7, 40_007)).tolist() == expected


def test_lanes_are_the_parts_of_a_draw_from_the_lowest() -> None:
    assert lanes(np.uint64(0), rows_of(0, 1)).tolist() == [[0xCDAF, 0x7B1D, 0xA839, 0xE220]]


def test_keys_differ_by_words_and_where_they_end() -> None:
    keys = {int(key_of(*words)) for words in (("a", "b"), ("ab",), ("a", "b", ""), ("b", "a"), (1, "a"), (2, "a"))}
    assert len(keys) == 6


@given(
    bits=st.integers(0, 2**64 - 1),
    size=st.one_of(
        st.integers(1, 2**64),
        st.integers(2**20, 2**32),
        st.sampled_from([1, 2**20 - 1, 2**20, 2**32 - 1, 2**32, 2**63, 2**64]),
    ),
)
def test_below_is_the_high_part_of_the_product(bits: int, size: int) -> None:
    drawn = bits >> 32 << 32 if size < 2**20 else bits
    assert below(np.array([bits], dtype=np.uint64), size).tolist() == [drawn * size >> 64]


@given(size=st.one_of(st.integers(1, 40), st.integers(1, 3000)), key=st.integers(0, 2**64 - 1))
def test_a_permutation_reaches_every_number_once(size: int, key: int) -> None:
    assert sorted(permuted(np.uint64(key), rows_of(0, size), size).tolist()) == list(range(size))


@pytest.mark.parametrize("size", [10_000_000, 2**40 + 7, 2**62 - 1, 2**62])
def test_a_permutation_of_a_large_range_stays_within_it_and_repeats_nothing(size: int) -> None:
    rows = np.concatenate([rows_of(0, 100_000), rows_of(size - 100_000, size)])
    found = permuted(key_of("x"), rows, size)
    assert int(found.max()) < size
    assert len(np.unique(found)) == 200_000
    assert int(found.min()) < size // 1000, "it should spread over the whole range"
    assert int(found.max()) > size - size // 1000


def test_a_permutation_depends_on_its_key() -> None:
    one, other = (permuted(key_of(word), rows_of(0, 1000), 1000) for word in ("a", "b"))
    assert (one == other).sum() < 20


def test_chances_are_even_and_never_one() -> None:
    found = chances(key_of("x"), rows_of(0, 100_000))
    assert found.min() >= 0
    assert found.max() < 1
    # 100,000 even numbers: the mean strays from 0.5 by 0.0009 (one standard deviation).
    assert abs(found.mean() - 0.5) < 0.005
