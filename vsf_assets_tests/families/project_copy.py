"""A copy of the project to add families to, and the edits that a page lists.

Here: making the copy, calling make in it, applying a page's diffs. Not here: what must be true afterwards
(test_adding_a_feed.py).
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.commandline import NOT_INHERITED
from vsf_assets_tests.docs.pages import blocks


@dataclass(frozen=True)
class ProjectCopy:
    """A copy of the project's files in a git repository of its own, with one commit."""

    root: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy, whose package is the one that its Python imports."""
        # Several processes run in a copy: the first one compiles its modules for the others.
        left_out = (*NOT_INHERITED, "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        environment = {**kept, "PYTHONPATH": str(self.root)}
        return subprocess.run(words, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def make(self, *words: str) -> str:
        """Run a target of the copy's Makefile with this Python, set up as it is; return what it prints."""
        done = self.run("make", "--old-file=install", f"BIN={Path(sys.executable).parent}", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pytest(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run tests of the copy in one process."""
        return self.run(sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *words)

    def git(self, *words: str) -> str:
        """Run git in the copy; return what it prints."""
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        done = self.run("git", *identity, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def changed(self) -> set[str]:
        """Return the paths of files that are new or changed since the copy was made."""
        return {line[3:] for line in self.git("status", "--porcelain", "--untracked-files=all").splitlines()}

    def edit(self, diff: str) -> str:
        """Apply a diff of a page to the file that it names; return the file's path.

        The first line is `--- path`; the others begin with a space, `-` or `+`, and `@@` stands between hunks. The old
        lines of a hunk must be in the file exactly once.
        """
        head, *lines = diff.splitlines()
        path = head.removeprefix("--- ")
        text = (self.root / path).read_text(encoding="utf-8")
        for hunk in "\n".join(lines).split("\n@@\n"):
            marked = [(line[:1] or " ", line[1:]) for line in hunk.split("\n")]
            old = "".join(f"{line}\n" for mark, line in marked if mark in " -")
            new = "".join(f"{line}\n" for mark, line in marked if mark in " +")
            assert text.count(old) == 1, f"{path} has {text.count(old)} times:\n{old}"
            text = text.replace(old, new)
        (self.root / path).write_text(text, encoding="utf-8")
        return path


def copy_project(root: Path) -> ProjectCopy:
    """Copy what git lists, and what is new and not ignored, into a folder."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(words, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = PROJECT_ROOT / name, root / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    copy = ProjectCopy(root)
    copy.git("init", "--quiet")
    copy.git("add", "--all")
    copy.git("commit", "--quiet", "--message", "as it is")
    return copy


def diffs(page: str) -> list[str]:
    """Return the edits that a page lists."""
    return blocks(page, "diff")
