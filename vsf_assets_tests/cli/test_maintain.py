"""`vsf maintain`: what it prints, and that a home works as before.

Here: the command on a home with a real run. Not here: what is old (dagster/test_retention.py, unit/test_pruning.py).
"""

import os
import shutil

import pytest

from vsf_assets_tests.commandline import Home


@pytest.mark.both_forms
def test_old_things_go_and_the_home_works_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.path / "logs").mkdir(parents=True, exist_ok=True)
    old = home.path / "logs" / "old.jsonl"
    old.write_bytes(b"x" * 1_000_000)
    os.utime(old, (0, 0))
    assert home.vsf("maintain", "--dry-run").output.splitlines() == [
        "log files: 1 would be removed, 1.0 MB",
        "would free about 1.0 MB",
    ]
    assert old.exists()
    assert home.vsf("maintain").output.splitlines()[0] == "log files: 1 removed, 1.0 MB"
    assert not old.exists()
    assert home.vsf("maintain").output.splitlines()[0] == "nothing is older than it is kept"
    monkeypatch.setenv("VSF_KEEP_RUN_DAYS", "a month")
    refused = home.vsf("maintain")
    assert refused.exit_code == 2
    assert "VSF_KEEP_RUN_DAYS='a month' is not a number of days; write it like VSF_KEEP_RUN_DAYS=30" in refused.errors


@pytest.mark.both_forms
def test_records_that_are_no_records_are_reported_and_the_rest_is_done(home: Home) -> None:
    old = home.path / "logs" / "old.jsonl"
    old.parent.mkdir(parents=True, exist_ok=True)
    old.write_text("line")
    os.utime(old, (0, 0))
    shutil.rmtree(home.path / "dagster", ignore_errors=True)
    (home.path / "dagster").mkdir()
    for name in ("runs.db", "event_log.db", "schedules.db"):
        (home.path / "dagster" / name).write_bytes(b"")
    done = home.vsf("maintain")
    assert done.exit_code == 1
    assert f"Dagster's records in {home.path / 'dagster'}: no such table" in done.errors
    assert not old.exists()
