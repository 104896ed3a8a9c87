"""Shares of the landing zone: each file in one, uploads whole, the same on every host."""

import subprocess
import sys

import pytest

from vsf_assets.common.errors import UsageError
from vsf_assets.landing.shares import Share, parse_share, shares

CLICKS = [f"clicks_{number}.csv" for number in range(200)]


@pytest.mark.parametrize("of", [1, 2, 3, 8, 64])
def test_shares_hold_each_file_once(of: int) -> None:
    for path in [*CLICKS, "a folder/clicks_ü.csv"]:
        assert [share.holds(path) for share in shares(of)].count(True) == 1


def test_no_share_of_many_files_is_small() -> None:
    sizes = [sum(map(share.holds, CLICKS)) for share in shares(4)]
    assert min(sizes) > 25, sizes


def test_the_files_of_an_upload_are_in_one_share() -> None:
    for upload in ("datasets/a", "datasets/b", "datasets/c", "datasets/d"):
        paths = [f"{upload}/namespaces.csv", f"{upload}/columns.csv"]
        for share in shares(8):
            assert len({share.holds(path) for path in paths}) == 1, (share, upload)


def test_a_share_is_the_same_in_every_process() -> None:
    """Python's own hash of a text is another one in each process."""
    shown = "print([Share(2, 5).holds(f'clicks_{n}.csv') for n in range(50)])"
    program = f"from vsf_assets.landing.shares import Share; {shown}"
    found = {
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert found == {f"{[Share(2, 5).holds(f'clicks_{n}.csv') for n in range(50)]}\n"}


def test_the_text_of_a_share_names_it() -> None:
    assert all(parse_share(str(share)) == share for share in shares(12))
    for text in ("", "0/2", "3/2", "1/0", "2", "a/b", "-1/2", "1/2/3"):
        with pytest.raises(UsageError, match="write it like 2/8"):
            parse_share(text)
