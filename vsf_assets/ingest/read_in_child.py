"""Reads a file in a child process, because an earlier run died while it read that file.

Here: the child, its answer, and a file that ends the child too. Not here: which files these are (crash_records.py).
`python -m vsf_assets.ingest.read_in_child FOLDER` is the child; only this module starts it.
"""

import json
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.ingest.crash_records import place_of
from vsf_assets.ingest.read_file import ChangedError, read_one_file
from vsf_assets.ingest.row_spool import Parts
from vsf_assets.readers.common.limits import ReadLimits
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.home_cache import read_note, write_note
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.s3_client import ObjectStoreError
from vsf_assets.storage.transfer import sha256_of
from vsf_assets.warehouse.input_and_result import InputFile, ReadResult

REQUEST, ANSWER, OUTPUT = "request.json", "answer", "output"
NOTE = "set-aside"
"""Digests of files that ended two processes. They are not read again while they are unchanged."""


def ended_processes(input_file: InputFile, settings: Settings) -> bool:
    """Whether an archived file has ended two processes before."""
    known = input_file.known_sha256
    return known is not None and any(sha256.startswith(known) for sha256 in read_note(settings, NOTE))


def read_apart(
    input_file: InputFile, folder: Path, settings: Settings, encoding: str, limits: ReadLimits
) -> ReadResult:
    """Read a file in a child process; a file that ends the child is set aside as unreadable.

    Args:
        input_file: the file.
        folder: scratch folder for its parts; created if needed.
        settings: the earliest day of daily files, and the folder of the note.
        encoding: encoding of a fetched file.
        limits: limits of findings and decompressed bytes.

    Raises:
        ChangedError, OSError: as reading in this process raises them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entry = input_file.entry
    request = {
        "place": place_of(input_file.store),
        "is_private": input_file.store.is_private,
        "entry": [entry.path, entry.size, entry.modified.isoformat(), entry.has_done, entry.etag],
        "feed": input_file.feed.name,
        "partition": input_file.partition,
        "name": input_file.name,
        "landed_at": input_file.landed_at.isoformat(),
        "is_changed": input_file.is_changed,
        "first_day": settings.earliest_day,
        "encoding": encoding,
        "bounds": asdict(limits),
    }
    (folder / REQUEST).write_text(json.dumps(request))
    with (folder / OUTPUT).open("wb") as output:
        command = [sys.executable, "-m", "vsf_assets.ingest.read_in_child", str(folder)]
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False).returncode
    if not (folder / ANSWER).exists():
        return _set_aside(input_file, folder, _how_it_ended(code, folder / OUTPUT), settings)
    # This process's child wrote it, into a private folder.
    error, values = pickle.loads((folder / ANSWER).read_bytes())  # noqa: S301
    if error is not None:
        raise error
    return ReadResult(input_file, **values)


def _how_it_ended(code: int, output: Path) -> str:
    if code < 0:
        named = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
        return f"signal {-code}, {named}"
    lines = [line for line in output.read_text(errors="replace").splitlines() if line and not line.startswith(" ")]
    kind = lines[-1].partition(":")[0].rsplit(".", 1)[-1] if lines else ""
    return f"exit code {code}" + (f", {kind}" if kind.isidentifier() else "")


def _set_aside(input_file: InputFile, folder: Path, how: str, settings: Settings) -> ReadResult:
    """Return the result of a file that ends its reader: unreadable, with one finding.

    Raises:
        ChangedError: it changed or vanished meanwhile.
    """
    from vsf_assets.readers.common.findings import file_finding

    changed = ChangedError(f"{input_file.entry.path} changed while it was read; it is taken up when it is stable")
    try:
        sha256 = sha256_of(input_file.store, input_file.entry.path, input_file.entry.etag)
    except FileNotFoundError:
        raise changed from None
    if not input_file.entry.etag and not input_file.entry.same_state(input_file.store.stat(input_file.entry.path)):
        raise changed
    write_note(settings, NOTE, {**read_note(settings, NOTE), sha256: how})
    reason = (
        f"reading it ended the process twice ({how}), mostly for want of memory; is it what its name says? Deliver it"
        " in smaller files, or read it with more memory: vsf run --force"
    )
    result = ReadResult(input_file, sha256, input_file.entry.size, readable=False)
    with Parts(folder / "set-aside") as parts:
        parts.add_findings(file_finding("unreadable_file", reason, "error"))
        result.parts, result.held = parts.finish()
    return result


def main(folder: Path) -> None:
    """Read the file that the request in the folder names, and write the answer there."""
    with suppress(OSError):  # some systems have no such file
        Path("/proc/self/oom_score_adj").write_text("1000")
    message = json.loads((folder / REQUEST).read_text())
    path, size, modified, has_done, etag = message["entry"]
    store = (
        FolderStore(message["place"], message["is_private"]) if message["is_private"] else open_store(message["place"])
    )
    input_file = InputFile(
        store,
        Entry(path, size, datetime.fromisoformat(modified), has_done, etag),
        all_feeds()[message["feed"]],
        message["partition"],
        message["name"],
        datetime.fromisoformat(message["landed_at"]),
        is_changed=message["is_changed"],
    )
    answer: tuple[Exception | None, dict[str, Any]]
    try:
        result = read_one_file(
            input_file, folder / "parts", message["first_day"], message["encoding"], ReadLimits(**message["bounds"])
        )
        answer = None, {f.name: getattr(result, f.name) for f in fields(result) if f.name != "input_file"}
    except ObjectStoreError as error:
        answer = ObjectStoreError(str(error)), {}
    except OSError as error:
        answer = OSError(error.errno, error.strerror), {}
    except ChangedError as error:
        answer = error, {}
    atomic_write(folder / ANSWER, pickle.dumps(answer), is_durable=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
