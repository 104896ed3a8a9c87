"""Other processes of this machine.

Here: whether one is there. Not here: what its being gone means (ingest/scratch.py, defs/process.py).
"""

import os


def is_there(pid: int) -> bool:
    """Whether a process of this number is there, be it a zombie or another user's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True
