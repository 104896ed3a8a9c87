"""`vsf run` on a full disk, with Dagster's storage on it: one line, no traceback, and the next run goes on.

Here: whole processes on a small file system (skipped where none may be mounted). Not here: single steps
(engine/test_full_disk.py).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.storage.ignored_names import OWNER_MARKER
from vsf_assets_tests.commandline import enter_home
from vsf_assets_tests.forms import variables

SCRIPT = """
mount -t tmpfs -o size=400m tmpfs "$VSF_HOME" || exit 77
cp -a "$1"/. "$VSF_HOME"
used=$(df -k --output=used "$VSF_HOME" | tail -1)
mount -o remount,size=$((used + $2))k "$VSF_HOME"
"$3" run 2>"$1/first.err" >"$1/first.out"; echo $?
mount -o remount,size=400m "$VSF_HOME"
"$3" run >"$1/second.out" 2>&1; echo $?
"$3" query --format csv "select count(*) from raw.clicks"
"""


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = enter_home(tmp_path / "prepared", monkeypatch)
    (home.path / "lake" / OWNER_MARKER).unlink(missing_ok=True)  # the copy has its lake alone
    rows = "".join(f"{number},10,100\n" for number in range(20_000))
    home.drop({"clicks_1.csv": f"click_id,banner_id,campaign_id\n{rows}"})
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    vsf = Path(sys.executable).with_name("vsf")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", SCRIPT, "sh", home.path, "1500", vsf],
        env={**os.environ, "VSF_HOME": str(mounted), **variables(mounted)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no file system may be mounted here: root in a mount namespace is needed")
    assert done.stdout.split() == ["1", "0", "count_star()", "20000"], done.stderr
    lines = (home.path / "first.err").read_text().splitlines()
    assert [line for line in lines if "Traceback" in line or "Errno" in line or "OperationalError" in line] == []
    reported = [line for line in lines if "has no room for" in line]
    assert len(reported) == 1
    assert f"the disk of {mounted}" in reported[0]
