"""Ctrl-C ends a wait of a process that has imported polars, which takes the signal over at its import.

Here: the wait of a process of its own, since polars is imported once per process. Not here: commands that are
interrupted (cli/test_crash.py, dagster/test_work_handover.py).
"""

import subprocess
import sys

import pytest

from vsf_assets.config.settings import PROJECT_ROOT

WAITS = """
import os, signal, socket, subprocess, sys, threading
from vsf_assets.config.settings import fix_surroundings

if sys.argv[1] == "before":
    fix_surroundings()
import polars
if sys.argv[1] == "after":
    fix_surroundings()

def too_late():
    print("nothing interrupted the wait", flush=True)
    os._exit(1)

never, sender = socket.socketpair()
for wait in (lambda: never.recv(1), threading.Event().wait, lambda: os.waitpid(child.pid, 0)):
    child = subprocess.Popen(["sleep", "20"])
    timers = [threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)), threading.Timer(10, too_late)]
    for timer in timers:
        timer.start()
    try:
        wait()
    except KeyboardInterrupt:
        print("interrupted")
    timers[1].cancel()
    child.kill()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interrupt_ends_waits_of_a_process_with_polars(when: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAITS, when], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split(), done.stderr) == (["interrupted"] * 3, "")
