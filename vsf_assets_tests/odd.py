"""Odd entries of a landing zone: a pipe, a socket, links that lead nowhere, folders that may not be read.

Here: making them. Not here: what becomes of them.
"""

import os
import socket
from pathlib import Path

HARMLESS = {
    "clicks_1_pipe.csv": "pipe",
    "clicks_1_sock.csv": "socket",
    "clicks_1_loop.csv": "looping link",
    "clicks_1_gone.csv": "broken link",
    "linked": "linked folder",
    "x.csv.crdownload": "unfinished",
    "clicks_1_up.csv.filepart": "unfinished",
    ".clicks_1_rsync.csv.Xy12Z9": "unfinished",
    "clicks_1.csv~": "old copy",
    ".clicks_1_hidden.csv": "hidden",
    "Thumbs.db": "hidden",
    "lost+found": "lost+found",
}
"""Path -> kind of what `put_harmless` puts into a folder; a command that meets it ends with 0."""


def put_harmless(folder: Path) -> None:
    """Put an entry of every kind into a folder that no command fails for."""
    folder.mkdir(parents=True, exist_ok=True)
    os.mkfifo(folder / "clicks_1_pipe.csv")
    put_socket(folder / "clicks_1_sock.csv")
    (folder / "clicks_1_loop.csv").symlink_to("clicks_1_loop.csv")
    (folder / "clicks_1_gone.csv").symlink_to("nowhere.csv")
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "clicks_1_elsewhere.csv").write_text("click_id,banner_id,campaign_id\n9,9,9\n")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "lost+found").mkdir(mode=0o000)
    for name, kind in HARMLESS.items():
        if kind in ("unfinished", "old copy", "hidden"):
            (folder / name).write_text("click_id,banner_id,campaign_id\n8,8,8\n")


def put_socket(path: Path) -> None:
    """Make a socket that nobody listens at; its path may be longer than a socket's address."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)
