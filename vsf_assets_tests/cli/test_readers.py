"""Readers of snapshots in a process of their own, while runs publish new ones.

Not here: how a snapshot is made and pruned (engine/test_snapshots.py).
"""

import json
import subprocess
import sys
from pathlib import Path

from vsf_assets.snapshots.current import snapshot_number
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.forms import opened

READER = """
import json, os, sys, time
from pathlib import Path
from vsf_assets_tests.forms import opened
current, stop = map(Path, sys.argv[1:])
seen, errors = [], []
print("reading", flush=True)
stopping = False
while not stopping:
    stopping = stop.exists()  # one look more after the last run
    try:
        with opened(current.resolve()) as connection:
            sql = "select (select sum(clicks) from marts.fct_banner_performance), count(*) from raw.clicks"
            seen.append([int(number) for number in connection.execute(sql).fetchall()[0]])
    except Exception as error:
        errors.append(repr(error))
    time.sleep(0.05)
print(json.dumps([seen, errors]))
"""


def test_readers_see_whole_snapshots_while_three_runs_publish(home: Home, tmp_path: Path) -> None:
    line = "{n},1,7\n"
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n" + line.format(n=0)})
    home.load(checked=False)
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(home.current), str(stop)], stdout=subprocess.PIPE, text=True
    )
    with opened(home.current.resolve()) as held:
        try:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
            for run in range(1, 4):
                home.drop({f"clicks_1_{run}.csv": "click_id,banner_id,campaign_id\n" + line.format(n=run)})
                home.load(checked=False)
        finally:
            stop.touch()
            printed, _ = reader.communicate(timeout=60)
        assert held.execute("select count(*) from raw.clicks").fetchall() == [(1,)]
    seen, errors = json.loads(printed)
    assert errors == []
    assert {tuple(scan) for scan in seen} == {(1, 1), (2, 2), (3, 3), (4, 4)}
    assert seen == sorted(seen)
    assert snapshot_number(home.current.readlink()) == 4
