"""The keyed order of rows: a permutation, its inverse, and pages of it.

Here: the numbers alone. Not here: lists (test_tables.py), and the key (test_personal_data.py).
"""

import numpy as np
import pytest

from vsf_assets.portal.data.row_order import RowOrder


@pytest.mark.parametrize("rows", [0, 1, 2, 300, 2**14, 2**14 + 1, 70_000])
def test_every_place_has_one_number_and_pages_follow_each_other(rows: int) -> None:
    order = RowOrder(b"k" * 32, rows)
    places = np.arange(rows, dtype=np.uint32)
    shown = order.shown(places)
    assert len(set(shown.tolist())) == rows
    assert (order.places(shown) == places).all()
    wanted = sorted(zip(shown.tolist(), places.tolist(), strict=True))
    found: list[tuple[int, int]] = []
    while page := order.page(found[-1][0] if found else -1, 1 + rows // 3):
        found += page
    assert found == wanted
    some = [pair for pair in wanted if pair[1] % 3 == 0]
    assert order.smallest(places[places % 3 == 0], -1, 20, offset=5) == some[5:25]
    assert [order.place(number) for number, _ in wanted[:3]] == [place for _, place in wanted[:3]]


def test_numbers_tell_nothing_about_places() -> None:
    """The rank correlation of 2,000 rows is that of chance: its deviation is 1 / sqrt(2,000) = 0.022."""
    rows = 2_000
    ranks = [np.argsort(np.argsort(RowOrder(key * 32, rows).shown(np.arange(rows)))) for key in (b"a", b"b")]
    assert abs(np.corrcoef(ranks[0], np.arange(rows))[0, 1]) < 0.1
    assert abs(np.corrcoef(ranks[0], ranks[1])[0, 1]) < 0.1


def test_a_number_that_no_row_has_is_no_place() -> None:
    order = RowOrder(b"k" * 32, 10)
    taken = set(order.shown(np.arange(10, dtype=np.uint32)).tolist())
    free = next(number for number in range(2**16) if number not in taken)
    assert all(order.place(number) >= 10 for number in (free, 2**16, 2**62))
