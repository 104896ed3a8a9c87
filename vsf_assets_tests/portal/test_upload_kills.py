"""Kills of a process that receives an upload, at every step: nothing is lost, nothing is doubled, nothing is half.

Here: forked children that end without any clean-up, on a landing folder. Not here: a bucket (test_bucket_uploads.py),
and what the database says afterwards (test_deliveries.py).
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.portal.fast.folder_names import FolderNames
from vsf_assets.portal.fast.naming import LandingNames
from vsf_assets.portal.fast.receiving import Receiver
from vsf_assets.portal.fast.upload_folder import UploadFolder
from vsf_assets_tests.portal.upload_driver import DATASET, PATH, FastLayer, killed_at


@pytest.fixture
def fast(tmp_path: Path) -> FastLayer:
    return FastLayer(tmp_path / "home")


STEPS: dict[str, tuple[Any, str, int, bool]] = {
    "part created": (Receiver, "open", 1, False),
    "bytes written": (Receiver, "write", 1, False),
    "part flushed": (Receiver, "complete", 1, False),
    "record written": (UploadFolder, "write", 1, False),
    "file marked": (FolderNames, "stamp", 1, False),
    "before the rename": (FolderNames, "give", 1, True),
    "after the rename": (FolderNames, "give", 1, False),
    "landing recorded": (UploadFolder, "write", 3, False),
    "before the answer": (LandingNames, "give", 1, False),
}
CASES = [(step, False) for step in STEPS] + [(step, True) for step in list(STEPS)[-3:]]
"""Steps, and whether a run takes the file away before its sender comes back; only what has landed can be taken."""


@pytest.mark.parametrize(("step", "is_taken"), CASES)
def test_a_kill_at_any_step_loses_and_doubles_nothing(fast: FastLayer, step: str, is_taken: bool) -> None:
    """After the kill the sender goes on; meanwhile a run may have taken the file away, even to another disk."""
    content = os.urandom(3000)
    ticket = fast.ticket(PATH, len(content), sha256=hashlib.sha256(content).hexdigest())
    owner, name, nth, before = STEPS[step]
    killed_at(owner, name, lambda: fast.put_in_child(ticket, content), nth, before)
    taken = 0
    place = Path(fast.settings.landing) / PATH
    if is_taken:
        assert place.read_bytes() == content
        place.unlink()
        taken = 1
    fast.restart()
    state = fast.head(ticket)
    offset = int(state.headers["upload-offset"])
    answer = fast.put(ticket, content[offset:], upload_offset=str(offset))
    if step in ("landing recorded", "before the answer"):
        assert (state.headers["x-vsf-upload-state"], answer.status) == ("landed", 409)
    else:
        assert (answer.status, answer.json["sha256"]) == (201, hashlib.sha256(content).hexdigest())
    landed = fast.landed()
    assert taken + len(landed) == 1
    assert set(landed.values()) <= {content}
    assert fast.put(ticket, content).status == 409
    assert taken + len(fast.landed()) == 1
    assert [name for name in fast.parts() if name.endswith(".part")] == []


@pytest.mark.parametrize("step", ["record written", "before the rename", "after the rename"])
def test_the_next_start_lands_what_a_kill_left_without_its_sender(fast: FastLayer, step: str) -> None:
    owner, name, nth, before = STEPS[step]
    ticket = fast.ticket(PATH, 3)
    killed_at(owner, name, lambda: fast.put_in_child(ticket, b"abc"), nth, before)
    fast.restart()
    fast.uploads.go_on()
    record = fast.folder.record(ticket.id)
    assert record is not None
    assert (record.state, fast.landed()) == ("landed", {PATH: b"abc"})


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_kill_between_the_names_of_a_group_leaves_no_half_of_it(fast: FastLayer, nth: int) -> None:
    tickets = fast.tickets(*DATASET)
    for ticket in tickets[:2]:
        fast.put(ticket, b"abc")
    killed_at(FolderNames, "give", lambda: fast.put_in_child(tickets[2], b"abc"), nth)
    assert len(fast.landed()) == nth
    fast.restart()
    fast.uploads.go_on()
    assert set(fast.landed()) == {ticket.path for ticket in tickets}
    assert [fast.put(ticket, b"abc").status for ticket in tickets] == [409] * 3
