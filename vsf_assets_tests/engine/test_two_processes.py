"""Two processes that ingest the same landing zone at once: both end well, nothing is doubled.

Here: whole ingests in parallel, and the moments at which one finds the other's work. Not here: the
lock itself (test_lock.py).
"""

from pathlib import Path
from typing import Any

import pytest

from vsf_assets.archive import archive_file as archive
from vsf_assets.ingest import loader as batches
from vsf_assets.ingest import move_to_archive as filing
from vsf_assets.ingest import safe_copies
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.warehouses import Home, clicks


def land_many(home: Home) -> None:
    for number in range(24):
        home.land(f"{number % 4 + 1}/clicks_{number}.csv", clicks(number % 13, number % 4), number)


def test_three_ingests_at_once_end_as_one(tmp_path: Path) -> None:
    combined, alone = Home(tmp_path / "together"), Home(tmp_path / "alone")
    for home in (combined, alone):
        land_many(home)
    assert run_children([{"home": str(combined.root)}] * 3, at_once=True) == [0, 0, 0]
    alone.ingest()
    assert combined.state() == alone.state()
    assert combined.archived() == alone.archived()
    assert combined.landed() == []


def once(act: Any) -> Any:
    """Return a function that acts at its first call only, so that the other run is not disturbed."""
    done: list[None] = []

    def wrapped() -> None:
        if not done:
            done.append(None)
            act()

    return wrapped


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (batches, "read_one_file"),
        (filing, "archive_file"),
        (archive, "_archive_seen"),
        (archive, "sha256_of"),
        (safe_copies, "secure_one"),
        (safe_copies, "copy_file"),
        (filing, "put_in_place"),
    ],
)
@pytest.mark.parametrize("other_disk", [False, True])
def test_another_run_that_does_it_all_at_any_moment_is_no_error(
    tmp_path: Path, target: Any, name: str, other_disk: bool
) -> None:
    home = Home(tmp_path)
    home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:
        if other_disk:
            patch.setattr(safe_copies, "is_same_disk", lambda *_: False)
        original = getattr(target, name)
        other = once(home.ingest)

        def interrupted(*args: Any, **kwargs: Any) -> Any:
            other()
            return original(*args, **kwargs)

        patch.setattr(target, name, interrupted)
        home.ingest()
    assert home.files("file_name, status, rows_loaded") == [("clicks_1.csv", "loaded", 1)]
    assert home.landed() == []
    assert list(home.archived().values()) == [clicks(1)]


def test_file_known_from_a_crash_that_another_run_files_first_is_no_error(home: Home) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filing, "archive_file", lambda *_: True)
        home.land("clicks_1.csv", clicks(1))
        home.ingest()
    assert home.landed() == ["clicks_1.csv"]
    original, other = archive.sha256_of, once(home.ingest)
    with pytest.MonkeyPatch.context() as patch:

        def slow(*args: Any) -> str:
            digest = original(*args)
            other()
            return digest

        patch.setattr(archive, "sha256_of", slow)
        home.ingest()
    assert (home.landed(), list(home.archived().values())) == ([], [clicks(1)])
