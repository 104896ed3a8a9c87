"""Secrets of the web services: a file of random bytes, which several processes and hosts share.

Here: creating one once, with mode 0600, and reading it. Not here: keys that are replaced while tokens live
(signing_keys.py), and what a secret is used for.
"""

import os
from pathlib import Path

from vsf_assets.common.atomic_files import link_new, temp_beside
from vsf_assets.common.errors import VsfError

SECRET_BYTES = 50
_OTHERS = 0o077


class SecretFileError(VsfError):
    """A secret cannot be created or read, or others may read it."""


def ensure_secret(folder: Path, name: str) -> tuple[str, ...]:
    """Return the secrets of a file, the newest first; create the file with one if it is missing.

    Each line is a secret in hexadecimal digits. To replace a secret, a person writes a new line above the others;
    what the earlier ones signed stays valid until their lines are removed.

    Raises:
        SecretFileError: the file cannot be created or read, others may read it, or it holds something else.
    """
    file = folder / name
    try:
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with temp_beside(file, mode=0o600) as temp:
                temp.file.write(os.urandom(SECRET_BYTES).hex().encode() + b"\n")
                temp.finish()
                link_new(temp.path, file)
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            lines = opened.read(100_000).decode("ascii", "replace").split()
    except OSError as error:
        raise SecretFileError(
            f"the secret {file} cannot be created or read: {error.strerror or error}; give the current user access to"
            " this folder, or set VSF_PORTAL_KEYS to another one"
        ) from error
    if mode & _OTHERS:
        raise SecretFileError(f"other users may read the secret {file}; run: chmod 600 {file}")
    if not lines or not all(len(line) >= 64 and set(line) <= set("0123456789abcdef") for line in lines):
        raise SecretFileError(f"{file} holds no secret; remove it, and a new one is created")
    return tuple(lines)
