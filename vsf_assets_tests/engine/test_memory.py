"""Memory is bounded whatever the file's size: a large file in a process of its own.

Not here: speed (benchmarks/).
"""

import subprocess
import sys
from pathlib import Path

from vsf_assets.settings import PROJECT_ROOT
from vsf_assets_tests.warehouses import Home

MEGABYTES = 80
LIMIT = 700
CHILD = """
import re, sys
from pathlib import Path
from vsf_assets_tests.warehouses import Home
Home(Path(sys.argv[1])).ingest()
# Not ru_maxrss: Linux lets a child begin with the peak of the process that started it.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1)) // 1024)
"""


def test_large_file_is_ingested_in_bounded_memory(tmp_path: Path) -> None:
    home = Home(tmp_path)
    lines = b"".join(b"%d,%d\n" % (100_000 + i % 977, 1000 + i % 89) for i in range(100_000))
    bad = b"x,1\n1\n,\n" * 10
    times = MEGABYTES * 1_000_000 // len(lines)
    path = home.land("impressions_1.csv", b"")
    with path.open("wb") as file:
        file.write(b"banner_id,campaign_id\n")
        for _ in range(times):
            file.write(lines + bad)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], capture_output=True, text=True, cwd=PROJECT_ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < LIMIT, f"{done.stdout} MB at the peak"
    assert home.files() == [("impressions_1.csv", "loaded", times * 100_030, times * 100_000, times * 30)]
