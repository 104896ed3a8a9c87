"""What the list of runs says about an ingest."""

from types import SimpleNamespace
from typing import Any

import pytest

from vsf_assets.defs.ingest_events import loaded_text


def file(feed: str, name: str, status: str = "loaded") -> Any:
    return SimpleNamespace(feed=feed, file_name=name, status=status)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ([], "nothing"),
        ([file("clicks", "clicks_1.csv")], "clicks_1.csv"),
        ([file("clicks", "clicks_1.csv", "unreadable")], "clicks_1.csv (1 unreadable)"),
        ([file("clicks", f"{'x' * 90}.csv")], f"{'x' * 79}…"),
        (
            [file("clicks", "a"), file("conversions", "b"), file("clicks", "c", "duplicate_file")],
            "2 clicks, 1 conversions (1 duplicate_file)",
        ),
    ],
)
def test_a_run_says_what_it_stored(stored: list[Any], text: str) -> None:
    assert loaded_text(stored) == text
