"""Stands in for the interpreter of a worker: asks for one that is forked, hands over its files, and ends as it ends.

Run as a script, with the address of the process to fork from (workers.py); execnet adds the words with which it starts
an interpreter, and speaks to it through input and output. Here: the standard library alone, for a quick start.
"""

import json
import os
import socket
import sys


def main() -> int:
    """Ask, wait, and return the exit code of the worker."""
    request = {"module": "vsf_assets_tests.workers", "function": "work", "words": [], "cwd": os.getcwd()}  # noqa: PTH109
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        connection.connect(f"\0{sys.argv[1]}")
        connection.recv(100)  # it is ready
        reports, status = os.pipe()
        content = json.dumps(request | {"env": dict(os.environ)}).encode()
        socket.send_fds(connection, [content], [1, 2, status, 0])
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)  # output ends when the worker closes it
        os.close(status)
        with os.fdopen(reports) as lines:
            said = lines.read().split()  # its id, its exit code, seconds
    code = int(said[1]) if len(said) == 3 else 1
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
