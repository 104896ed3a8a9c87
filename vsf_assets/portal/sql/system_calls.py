"""Lets the kernel refuse system calls to the running process for the rest of its life (seccomp).

Here: the filter, a program of the kernel's packet filter that is written by hand, for the processors that the packages
of DuckDB are built for. Not here: files, ports and signals, which Landlock closes (sandbox.py), and what runs inside
(query.py).

Landlock knows files and TCP alone, and lets a process ask for the name of a file that it has open. The filter refuses
the names of links, so that DuckDB cannot find out where the snapshot lies; sockets of any kind, other programs, and
looking into other processes. It is one fence more: where the kernel or the processor has none, the others stand.
"""

import ctypes
import errno
import os
import struct

_SECCOMP_FILTER, _SET_SECCOMP, _NO_NEW_PRIVILEGES = 2, 22, 38
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of the filter: load a word, jump if it is equal, jump if it is at least, end."""

_NUMBER, _PROCESSOR = 0, 4
"""Places in what the filter looks at: the number of the call, and the kind of processor that it is made for."""

_OTHER_FORM = 0x40000000
"""The calls from this number on are those of x86-64 in a second form (x32)."""

CALLS = {
    "x86_64": (
        0xC000003E,
        {
            "readlink": 89, "readlinkat": 267, "socket": 41, "connect": 42, "execve": 59, "execveat": 322,
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "unshare": 272, "bpf": 321,
            "io_uring_setup": 425,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "readlinkat": 78, "socket": 198, "connect": 203, "execve": 221, "execveat": 281, "ptrace": 117,
            "process_vm_readv": 270, "process_vm_writev": 271, "unshare": 97, "bpf": 280, "io_uring_setup": 425,
        },
    ),
}  # fmt: skip
"""Kind of processor -> its mark in the kernel, and the refused calls with their numbers."""


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_calls() -> bool:
    """Forbid this thread the calls of CALLS, and all of another form; return whether the kernel does so."""
    machine = os.uname().machine
    if machine not in CALLS or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    instructions = _instructions(*CALLS[machine])
    program = _Filter(len(instructions), b"".join(instructions))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(library.prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(mark: int, calls: dict[str, int]) -> list[bytes]:
    """Return the filter; the jumps of what is refused lead to its last instruction."""
    numbers = sorted(calls.values())
    refuse = len(numbers) + 5  # place of the last instruction
    tests = [_instruction(_IF_EQUAL, number, refuse - 5 - place) for place, number in enumerate(numbers)]
    return [
        _instruction(_LOAD, _PROCESSOR),
        _instruction(_IF_EQUAL, mark, 0, refuse - 2),
        _instruction(_LOAD, _NUMBER),
        _instruction(_IF_AT_LEAST, _OTHER_FORM, refuse - 4),
        *tests,
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _REFUSE | errno.EACCES),
    ]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
