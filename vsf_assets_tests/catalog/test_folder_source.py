"""A folder as a source: read only, looked at by size and time, and nothing outside of it."""

import os
import time
from pathlib import Path

import pytest

from vsf_assets.catalog.clients.local import FolderSource
from vsf_assets.catalog.model.errors import GoneError, SourceError
from vsf_assets.catalog.model.plan import Unseen
from vsf_assets.catalog.model.retry import Deadline
from vsf_assets.catalog.scan import settled_scan
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import read_settings
from vsf_assets_tests.catalog.fetched import Fetcher, profile_of
from vsf_assets_tests.rights import like_other_users


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "bucket"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.data").write_bytes(b"a")
    (folder / "sub/b.data").write_bytes(b"b")
    (folder / "files_list.data").write_bytes(b"a.data\nsub/b.data\n../secret\n/etc/passwd\nsub\n.tmp")
    (tmp_path / "secret").write_bytes(b"secret")
    return folder


@pytest.fixture
def fetcher(tmp_path: Path, bucket: Path) -> Fetcher:
    return Fetcher(tmp_path / "home", profile_of(str(bucket)))


def test_a_folder_is_read_and_what_lies_outside_is_not_there(fetcher: Fetcher, bucket: Path) -> None:
    report = fetcher.round()
    assert fetcher.objects() == [("a.data", b"a"), ("sub/b.data", b"b")]
    assert (report.failed, report.vanished) == ({}, 4)
    assert len(list(bucket.rglob("*"))) == 4
    fetcher.round()
    assert fetcher.taken == []


def test_another_size_or_time_is_another_state(fetcher: Fetcher, bucket: Path) -> None:
    fetcher.round()
    fetcher.objects()
    (bucket / "a.data").write_bytes(b"other")
    os.utime(bucket / "sub/b.data", (1, 1))
    fetcher.round()
    assert fetcher.objects() == [("a.data", b"other"), ("sub/b.data", b"b")]


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_look(
    fetcher: Fetcher, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = FolderSource.observe

    def and_change(self: FolderSource, names: list[str], log: object) -> object:
        found = whole(self, names, lambda _: None)
        (bucket / "a.data").write_bytes(b"newer")
        return found

    monkeypatch.setattr(FolderSource, "observe", and_change)
    report = fetcher.round()
    assert (report.failed, report.replaced) == ({}, {"a.data"})
    fetcher.objects()
    monkeypatch.undo()
    fetcher.round()
    assert fetcher.objects() == [("a.data", b"newer")]


def test_the_own_folder_need_not_be_there_and_another_must(tmp_path: Path) -> None:
    fetcher = Fetcher(tmp_path / "home", profile_of(str(tmp_path / "no"), is_own=True))
    report = fetcher.round()
    assert (report.scan, report.failed) == (None, {})
    fetcher.profile = profile_of(str(tmp_path / "no"))
    ((_, why),) = fetcher.round().failed.items()
    assert "there is no folder" in why
    assert "sources.toml: profile default: address" in why
    (tmp_path / "no").mkdir()
    (tmp_path / "no" / "x.data").write_bytes(b"x")
    ((_, why),) = fetcher.round().failed.items()
    assert "is not there; look at sources.toml: profile default: list" in why


def test_a_look_waits_for_files_that_were_just_written(bucket: Path, tmp_path: Path) -> None:
    settings = read_settings({"VSF_HOME": str(tmp_path / "home"), "VSF_SETTLE_SECONDS": "0.6"})
    os.utime(bucket / "a.data", (1, 1))  # an old time does not make a new file old
    started = time.monotonic()
    assert settled_scan(FolderSource(profile_of(str(bucket))), None, settings, print) is not None
    assert 0.4 < time.monotonic() - started < 5
    started = time.monotonic()
    settled_scan(FolderSource(profile_of(str(bucket))), None, settings, print)
    assert time.monotonic() - started < 0.4


def source_with(folder: Path) -> FolderSource:
    """Return the source of a folder with a list."""
    folder.mkdir(exist_ok=True)
    (folder / "files_list.data").write_text("")
    return FolderSource(Profile("default", str(folder)))


def test_what_cannot_be_read_is_unseen_and_never_gone(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    source = source_with(folder)
    (folder / "good").write_text("[]")
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "broken").symlink_to("nowhere")
    (folder / "closed").mkdir(mode=0)
    (folder / "folder").mkdir()
    names = ("good", "pipe", "loop", "broken", "closed/a", "folder", "nothing")
    with like_other_users():
        seen = source.observe(names, lambda _: None)
    assert isinstance(seen["good"], str)
    assert {name: state.reason for name, state in seen.items() if isinstance(state, Unseen)} == {
        "pipe": "it is a pipe and not a file; put a file there",
        "loop": "its state cannot be read: Too many levels of symbolic links",
        "broken": "it is a link to something that is not there; bring that back, or remove the link",
        "closed/a": "its state cannot be read: Permission denied",
    }
    assert (seen["folder"], seen["nothing"]) == (None, None)


def test_nothing_is_gone_where_the_list_went_too(tmp_path: Path) -> None:
    """As when a network drive drops off between the list and its objects."""
    source = source_with(tmp_path / "source")
    (tmp_path / "source" / "files_list.data").unlink()
    with pytest.raises(SourceError, match="none of them counts as gone"):
        source.observe(["a"], lambda _: None)
    with pytest.raises(SourceError, match="none of them counts as gone"), source.open("a", Deadline.after(5)):
        pass


@pytest.mark.parametrize(
    ("name", "says"), [("pipe", "it is a pipe and not a file"), ("broken", "it is a link to something")]
)
def test_what_is_no_file_fails_by_itself_and_is_not_gone(tmp_path: Path, name: str, says: str) -> None:
    source = source_with(tmp_path / "source")
    os.mkfifo(tmp_path / "source" / "pipe")
    (tmp_path / "source" / "broken").symlink_to("nowhere")
    with pytest.raises(SourceError, match=says) as caught, source.open(name, Deadline.after(5)):
        pass
    assert not isinstance(caught.value, GoneError)
