"""A file that ends the process that reads it: the next run sets it aside by name, and loads the rest.

Here: processes in which reading a file of a certain name aborts, is killed, or raises what nobody expects; a stub
does it, which the processes that they start find at their start. Not here: runs that are killed for other reasons
(test_crashes.py).
"""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.ingest import loader as batches
from vsf_assets.storage.full_disk import FullDiskError
from vsf_assets.warehouse.forms.run_notes import PREFIX
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.warehouses import Home, clicks

STUB = """
import os, signal
from vsf_assets.ingest import read_file as delivery
original = delivery._check_partition
def dies(input_file, first_day):
    if "abort" in input_file.name:
        os.abort()
    if "kill" in input_file.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "memory" in input_file.name:
        raise MemoryError
    return original(input_file, first_day)
delivery._check_partition = dies
"""


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """Return the stub of processes that die, where Python finds it at their start."""
    file = tmp_path / "stub" / "sitecustomize.py"
    file.parent.mkdir()
    file.write_text(STUB)
    return file


def child(home: Home, stub: Path, **details: Any) -> int:
    """Ingest in a process of its own, and return its exit code; processes that it starts have the stub, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(stub.parent), str(PROJECT_ROOT)]))
        (code,) = run_children([{"home": str(home.root), "stub": str(stub), "complete": True, **details}])
    return code


def records(home: Home) -> list[object]:
    """Return what runs that are over left about the files that they read."""
    if home.settings.lake_database:
        with home.warehouse.form.run_notes("test", home.waits.append).open() as dead:
            return list(dead)
    return sorted(home.settings.scratch.glob(f"{PREFIX}*"))


@pytest.mark.parametrize(
    ("name", "code", "how"),
    [
        ("clicks_2_abort.csv", -6, "signal 6, SIGABRT"),
        ("clicks_2_kill.csv", -9, "signal 9, SIGKILL"),
        ("clicks_2_memory.csv", 1, "exit code 1, MemoryError"),
    ],
)
def test_file_that_ends_two_processes_is_set_aside_and_the_others_are_loaded(
    home: Home, stub: Path, name: str, code: int, how: str
) -> None:
    for number, file in enumerate(["clicks_1.csv", name, "clicks_3.csv"]):
        home.land(file, clicks(number), number)
    assert child(home, stub, feeds=["clicks"]) == code
    assert (home.landed(), len(records(home))) == (["clicks_1.csv", name, "clicks_3.csv"], 1)
    assert child(home, stub, feeds=["clicks"]) == 0
    assert (home.landed(), records(home)) == ([], [])
    assert home.files("file_name, status, lines_read, bytes") == [
        ("clicks_1.csv", "loaded", 1, len(clicks(0))),
        (name, "unreadable", 0, len(clicks(1))),
        ("clicks_3.csv", "loaded", 1, len(clicks(2))),
    ]
    reason = (
        f"reading it ended the process twice ({how}), mostly for want of memory; is it what its name says? Deliver it"
        " in smaller files, or read it with more memory: vsf run --force"
    )
    assert home.findings("file_name, line_number, anomaly, severity, reason, records, unlisted_records") == [
        (name, None, "unreadable_file", "error", reason, 1, 0)
    ]
    home.assert_originals_are_kept()
    if code == -6:
        # A rebuild in this home knows such files; so does reading them again. Elsewhere all is well.
        before = home.state()
        (home.root / "rebuilt" / "cache").mkdir(parents=True)
        (home.root / "cache" / "set-aside.json").rename(home.root / "rebuilt" / "cache" / "set-aside.json")
        rebuilt = Home(home.root / "rebuilt")
        assert child(rebuilt, stub, rebuild=True, variables={"ARCHIVE": home.settings.archive}) == 0
        assert rebuilt.state() == before
        home.ingest(reload="all")
        assert home.click_ids() == [0, 1, 2]
        assert home.findings() == []


def test_file_of_an_upload_that_ends_two_processes_keeps_its_upload(home: Home, stub: Path) -> None:
    """The stub goes by the name, and members of an upload have theirs; so another stub."""
    stub.write_text(STUB.replace('"abort" in input_file.name', 'input_file.name == "columns.csv"'))
    members = {"namespaces.csv": b"namespace_id,namespace_option_name,namespace_option_standard_name\nns-1,One,one\n"}
    for name in ("namespaces.csv", "columns.csv", "datapoints.csv"):
        home.land(f"datasets/funds/{name}", members.get(name, b"x\n"))
    assert child(home, stub, feeds=["datasets"]) == -6
    assert child(home, stub, feeds=["datasets"]) == 0
    assert home.landed() == []
    assert sorted(home.files("file_name, status")) == [
        ("columns.csv", "unreadable"),
        ("datapoints.csv", "unreadable"),
        ("namespaces.csv", "loaded"),
    ]
    assert home.query("select namespace_id from raw.namespaces") == [("ns-1",)]


def test_run_that_is_killed_for_another_reason_costs_the_file_nothing(home: Home, stub: Path) -> None:
    """The run dies of the name; the next one reads the file as it is, in a child that has no stub."""
    content = b"click_id,banner_id,campaign_id\n" + b"".join(b"%d,1,1\n" % n for n in range(200_000)) + b"x,1,1\n"
    home.land("clicks_1_kill.csv", content)
    assert child(home, stub, feeds=["clicks"]) == -9
    lines: list[str] = []
    batches_of = batches.read_apart
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "read_apart", lambda *words: lines.append(words[0].name) or batches_of(*words))
        home.ingest()
    assert lines == ["clicks_1_kill.csv"]
    assert home.files() == [("clicks_1_kill.csv", "loaded", 200_001, 200_000, 1)]
    assert home.query("select min(click_id), max(click_id), count(*) from raw.clicks") == [(0, 199_999, 200_000)]
    assert (home.landed(), records(home)) == ([], [])


def test_what_went_since_is_suspected_no_more(home: Home, stub: Path) -> None:
    home.land("clicks_1_kill.csv", clicks(1))
    assert child(home, stub, feeds=["clicks"]) == -9
    (home.landing / "clicks_1_kill.csv").unlink()
    home.land("clicks_1.csv", clicks(2))
    home.ingest()
    assert (home.click_ids(), records(home)) == ([2], [])


def test_suspect_that_cannot_be_looked_at_holds_no_other_back_and_stays_suspected(home: Home, stub: Path) -> None:
    crashing = home.land("clicks_1_kill.csv", clicks(1))
    assert child(home, stub, feeds=["clicks"]) == -9
    crashing.rename(home.root / "aside")
    os.mkfifo(crashing)
    home.land("clicks_1.csv", clicks(2))
    home.ingest()
    assert (home.click_ids(), len(records(home))) == ([2], 1)
    crashing.unlink()
    (home.root / "aside").rename(crashing)
    apart: list[str] = []
    batches_of = batches.read_apart
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "read_apart", lambda *words: apart.append(words[0].name) or batches_of(*words))
        home.ingest()
    assert apart == ["clicks_1_kill.csv"]
    assert (home.click_ids(), records(home)) == ([1, 2], [])


def test_full_disk_under_the_records_is_told_as_such(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.land("clicks_1.csv", clicks(1))

    write = os.pwrite

    def fails(file: int, content: bytes, at: int) -> int:
        if b"is_over" in content:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, content, at)

    monkeypatch.setattr(os, "pwrite", fails)
    with pytest.raises(
        FullDiskError, match=r"the disk of .*scratch has no room for the record of the file that is read"
    ):
        home.ingest()
    monkeypatch.undo()
    home.ingest()
    assert home.click_ids() == [1]


def test_interrupt_and_error_of_the_disk_leave_no_suspicion(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.land("clicks_1.csv", clicks(1))
    for error in (KeyboardInterrupt(), OSError(5, "Input/output error")):

        def fails(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(batches, "read_one_file", fails)
        if isinstance(error, OSError):
            assert home.ingest().failed == [("clicks_1.csv", "cannot be read: Input/output error")]
        else:
            with pytest.raises(KeyboardInterrupt):
                home.ingest()
        assert records(home) == []
