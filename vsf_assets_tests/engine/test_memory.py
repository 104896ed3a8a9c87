"""Memory is bounded whatever the file's size: a large file in a process of its own.

Not here: speed (benchmarks/).
"""

import subprocess
import sys
from pathlib import Path

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.datasets import small_dataset
from vsf_assets_tests.warehouses import Home

MEGABYTES = 80
LIMIT = 700
CHILD = """
import re, sys
from pathlib import Path
from vsf_assets_tests.warehouses import Home
Home(Path(sys.argv[1])).ingest(feeds=[sys.argv[2]])
# Not ru_maxrss: Linux lets a child begin with the peak of the process that started it.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1)) // 1024)
"""


def peak_of_ingest(root: Path, feed: str) -> int:
    """Return the megabytes that an ingest of a home held at most."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(root), feed], capture_output=True, text=True, cwd=PROJECT_ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def test_large_file_is_ingested_in_bounded_memory(tmp_path: Path) -> None:
    home = Home(tmp_path)
    lines = b"".join(b"%d,%d\n" % (100_000 + i % 977, 1000 + i % 89) for i in range(100_000))
    bad = b"x,1\n1\n,7\n" * 10
    times = MEGABYTES * 1_000_000 // len(lines)
    path = home.land("impressions_1.csv", b"")
    with path.open("wb") as file:
        file.write(b"banner_id,campaign_id\n")
        for _ in range(times):
            file.write(lines + bad)
    assert peak_of_ingest(tmp_path, "impressions") < LIMIT
    assert home.files() == [("impressions_1.csv", "loaded", times * 100_030, times * 100_000, times * 30)]


def test_two_million_columns_with_defects_are_ingested_in_bounded_memory(tmp_path: Path) -> None:
    home, files = Home(tmp_path), small_dataset()
    times, good = 20_000, 97
    rows = [f"c-{n},ns-1,database_{n},table_{n},column_{n},dp-1,Owner" for n in range(good)]
    bad = ["c-short,ns-1,database", "c-long,ns-1,d,t,c,dp-1,Owner,more", ",no key,d,t,c,dp-1,Owner"]
    block = "".join(f"{line}\n" for line in (*rows, *bad)).encode()
    for name, content in files.items():
        home.land(f"datasets/big/{name}", content)
    path = home.landing / "datasets" / "big" / "columns.csv"
    with path.open("wb") as file:
        file.write(files["columns.csv"].split(b"\n")[0] + b"\n")
        for _ in range(times):
            file.write(block)
    assert peak_of_ingest(tmp_path, "datasets") < LIMIT
    counts = home.query(
        "select lines_read, rows_loaded, rows_quarantined from raw.files where file_name = ?", path.name
    )
    assert counts == [(times * 100, times * 99, times)]
    kinds = home.query("select anomaly, count(*), max(line_number) from raw.findings group by 1 order by 1")
    assert kinds == [
        ("extra_fields", times, 2_000_000),
        ("missing_fields", times, 1_999_999),
        ("missing_value", times, 2_000_001),
    ]


def test_a_million_bad_rows_are_ingested_in_bounded_memory(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.land("clicks_1.csv", b"click_id,banner_id,campaign_id\n" + b"x,y,z\n" * 1_000_000)
    assert peak_of_ingest(tmp_path, "clicks") < LIMIT
    assert home.files() == [("clicks_1.csv", "loaded", 1_000_000, 0, 1_000_000)]
    counted = home.query("select column_name, records, unlisted_records from raw.findings where records > 1 order by 1")
    assert counted == [("banner_id", 900_000, 900_000), ("campaign_id", 900_000, 0), ("click_id", 900_000, 0)]
    assert home.query("select count(*), min(line_number), max(line_number) from raw.findings where records = 1") == [
        (300_000, 2, 100_001)
    ]
