"""The beginning of each process that the supervisor starts: signals, and an end together with the supervisor.

Started as `python -m vsf_assets.service.part_process FD PROGRAM ARGUMENT…`; a program is a script beside the
interpreter, such as `dagster-daemon`, or a module of this package. Here: only what has to happen before the program
runs, with the standard library. Not here: which programs (parts.py).
"""

import contextlib
import ctypes
import os
import runpy
import signal
import sys
import threading
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def end_with_the_supervisor(pipe: int) -> None:
    """Kill this process and its group as soon as the supervisor has ended, however it ended.

    The read end of a pipe tells: nobody writes to it, and the system closes its other end with the supervisor. The
    group holds the children too, e.g. the runs of a code server. On Linux the system also kills this process itself,
    because a stopped process reads no pipe.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

    def wait() -> None:
        os.read(pipe, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, name="end with the supervisor", daemon=True).start()


def main() -> None:
    """Run the program that the arguments name in this process."""
    pipe, program, *arguments = sys.argv[1:]
    # A shell script starts background processes with SIGINT ignored, and Dagster copies its handler to SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end_with_the_supervisor(int(pipe))
    script = Path(sys.executable).parent / program
    sys.argv = [str(script), *arguments]
    with contextlib.suppress(KeyboardInterrupt):
        if program.startswith("vsf_assets."):
            runpy.run_module(program, run_name="__main__")
        else:
            runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main()
