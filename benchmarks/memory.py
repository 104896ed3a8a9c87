"""A child process that ingests one file and prints its peak memory in MB.

Here: only that, so that nothing else is in the figure. Not here: the rows (ingest.py).
"""

import resource
import sys
from pathlib import Path

from benchmarks.ingest import ingest_file
from vsf_assets.config.settings import read_settings
from vsf_assets.warehouse.connection import Warehouse


def peak_megabytes() -> float:
    """Return the peak memory of this program.

    Linux counts in `ru_maxrss` also what the parent held when it started this process; VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    ingest_file(Warehouse.of(read_settings({"VSF_HOME": sys.argv[1]})), Path(sys.argv[2]))
    print(peak_megabytes())
