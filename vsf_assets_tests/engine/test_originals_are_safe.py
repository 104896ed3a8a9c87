"""What is stored has its original, whatever a sender does meanwhile, and whenever the run dies.

Here: the sender's acts between the transaction and the archive, and what a dead run leaves. Not here: a run that
dies and a sender that does nothing (test_crashes.py).
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vsf_assets.ingest import loader as batches
from vsf_assets.ingest import move_to_archive as filing
from vsf_assets.ingest import safe_copies
from vsf_assets.ingest.ingest_report import IngestReport
from vsf_assets.ingest.safe_copies import SAFE, finish
from vsf_assets.ingest.session import ingest_archive
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests.engine.test_files_that_change import play, replace
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.rights import like_other_users
from vsf_assets_tests.warehouses import Home, clicks, conversions


def other_disk(patch: pytest.MonkeyPatch) -> None:
    for module in (safe_copies, filing):
        patch.setattr(module, "is_same_disk", lambda *_: False)


@pytest.fixture(params=["small", "link", "copy", "keep", "bucket", "archive in a bucket", "landing in a bucket"])
def any_home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Homes with every way to make an original safe."""
    if request.param == "copy":
        other_disk(monkeypatch)
    if request.param == "link":
        monkeypatch.setattr(safe_copies, "SMALL_BYTES", 0)
    if "bucket" not in request.param:
        return Home(tmp_path, AFTER_LOAD="keep" if request.param == "keep" else "archive")
    bucket: Bucket = request.getfixturevalue("bucket")
    folders = {"bucket": (), "archive in a bucket": ("LANDING",), "landing in a bucket": ("ARCHIVE",)}
    return EngineHome(tmp_path, bucket, folders[request.param])


def withdraw(home: Home) -> Callable[[], None]:
    if isinstance(home, EngineHome) and home.settings.landing.startswith("s3://"):
        return lambda: home.bucket.server.inside(home.bucket.name).keys.pop("landing/clicks_1.csv")
    return (home.landing / "clicks_1.csv").unlink


def originals(home: Home) -> list[bytes]:
    return sorted(content for path, content in home.archived().items() if not path.startswith(SAFE))


def test_sender_that_withdraws_a_file_after_it_was_stored_takes_no_original_away(any_home: Home) -> None:
    any_home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:
        play(patch, batches, "file_originals", withdraw(any_home), "before")
        report = any_home.ingest()
    assert (report.left, report.failed) == ([], [])
    assert (any_home.click_ids(), any_home.archived()) == ([1], dict.fromkeys(any_home.archived(), clicks(1)))
    assert [path for (path,) in any_home.files("archive_path")] == list(any_home.archived())


def test_sender_that_replaces_a_file_after_it_was_stored_delivers_another_one(any_home: Home) -> None:
    any_home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:
        if isinstance(any_home, EngineHome) and any_home.settings.landing.startswith("s3://"):
            act: Callable[[], object] = lambda: any_home.land("clicks_1.csv", clicks(2), 5)  # noqa: E731
        else:
            act = replace(any_home.landing / "clicks_1.csv", clicks(2))
        play(patch, batches, "file_originals", act, "before")  # type: ignore[arg-type]
        any_home.ingest()
    assert originals(any_home) == [clicks(1)]
    any_home.ingest()
    assert any_home.click_ids() == [1, 2]
    assert originals(any_home) == [clicks(1), clicks(2)]


def test_sender_that_withdraws_a_file_after_a_crash_takes_no_original_away(any_home: Home) -> None:
    """The run dies after the transaction; then the file goes. The next run finds nothing in the landing zone."""
    any_home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(batches, "file_originals", die)
        with pytest.raises(KeyboardInterrupt):
            any_home.ingest()
    withdraw(any_home)()
    any_home.ingest()
    assert (originals(any_home), any_home.landed()) == ([clicks(1)], [])
    rebuilt = Home(any_home.root / "rebuilt", ARCHIVE=any_home.settings.archive)
    with rebuilt.warehouse.lock("test"):
        ingest_archive(rebuilt.warehouse, "test")
    assert rebuilt.state() == any_home.state()


def test_place_in_the_archive_that_is_closed_holds_no_other_feed_back(home: Home) -> None:
    """What a dead run stored of one feed cannot get its name; another feed is loaded, and the run says so."""
    home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:
        play(patch, batches, "file_originals", lambda: withdraw(home)(), "before")
        patch.setattr(filing, "put_in_place", lambda *_: False)
        home.ingest()
    assert originals(home) == []
    closed = home.archive / "clicks"
    closed.mkdir()
    closed.chmod(0)
    home.land("conversions_1.csv", conversions(1), 1)
    with like_other_users():
        report = home.ingest()
    assert [row.file_name for row in report.stored] == ["conversions_1.csv"]
    assert [why for _, why in report.breaking] == ["cannot be given its place in the archive: Permission denied"]
    closed.chmod(0o755)
    assert home.ingest().failed == []
    assert clicks(1) in originals(home)


def test_file_that_cannot_be_made_safe_is_not_stored(home: Home) -> None:
    """What lies there is not what was read, under the same size and time."""
    landed = home.land("clicks_1.csv", clicks(1))
    home.land("clicks_2.csv", clicks(9))
    with pytest.MonkeyPatch.context() as patch:
        play(patch, batches, "secure", lambda: landed.write_bytes(clicks(2)), "before")
        report = home.ingest()
    assert report.left == [("clicks_1.csv", "changed before it was stored; it is taken up when it is stable")]
    assert home.click_ids() == [9]
    assert originals(home) == [clicks(9)]


def test_what_a_dead_run_made_safe_and_never_stored_goes_after_a_day(tmp_path: Path) -> None:
    archive, now = FolderStore(tmp_path), datetime.now(UTC)
    paths = {name: f"clicks/1/{name}" for name in ("stored", "unknown")}
    for path in paths.values():
        (tmp_path / SAFE / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / SAFE / path).write_bytes(b"x")
    stored: Any = SimpleNamespace(archive_path=paths["stored"], sha256=hashlib.sha256(b"x").hexdigest())
    report = IngestReport()
    finish(archive, [stored], report, now)
    assert [entry.path for entry in archive.entries()] == [paths["stored"]]
    assert [entry.path for entry in archive.hidden_entries(SAFE)] == [f"{SAFE}/{paths['unknown']}"]
    finish(archive, [], report, now + timedelta(days=1, minutes=1))
    assert (archive.hidden_entries(SAFE), report.failed) == ([], [])


def overwrite(path: Path, content: bytes) -> Callable[[], None]:
    """Return an act that writes into the file itself, as an upload under the same name does."""

    def act() -> None:
        path.write_bytes(content)

    return act


@pytest.mark.parametrize("is_large", [False, True])
def test_sender_that_overwrites_the_file_itself_takes_no_original_away_unless_the_run_says_so(
    home: Home, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    if is_large:
        monkeypatch.setattr(safe_copies, "SMALL_BYTES", 0)
    landed = home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:
        play(patch, batches, "file_originals", overwrite(landed, clicks(2, 3)), "before")
        report = home.ingest()
    assert originals(home) == ([] if is_large else [clicks(1)])
    (target,) = [path for (path,) in home.files("archive_path")]
    assert (
        report.failed
        == [
            (
                "clicks_1.csv",
                f"it was overwritten after it was loaded and before it was archived, so the archive lacks {target}, and"
                " a rebuild will refuse; deliver the earlier file again, or what is there now under another name",
            )
        ]
        * is_large
    )
    home.ingest()
    assert home.click_ids() == [1, 2, 3]


def test_second_name_that_a_dead_run_left_of_another_file_is_no_obstacle(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_copies, "SMALL_BYTES", 0)
    home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "is_unchanged", lambda *_: False)
        home.ingest()
    (left,) = home.archived()
    (home.archive / left).unlink()
    (home.archive / left).write_bytes(b"something else")
    home.ingest()
    assert (home.click_ids(), list(home.archived().values())) == ([1], [clicks(1)])


def test_first_run_that_died_before_it_stored_anything_does_not_look_like_a_lost_warehouse(
    bucket: Bucket, tmp_path: Path
) -> None:
    home = EngineHome(tmp_path, bucket)
    home.land("clicks_1.csv", clicks(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "is_unchanged", lambda *_: False)
        home.ingest()
    assert (home.files(), originals(home)) == ([], [clicks(1)])
    home.ingest()
    assert (home.click_ids(), home.landed(), originals(home)) == ([1], [], [clicks(1)])
