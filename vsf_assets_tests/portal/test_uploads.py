"""Uploads in the fast layer: bytes written once, going on, refusals, and names that replace nothing.

Here: raw ASGI in this process, on a landing folder. Not here: kills (test_upload_kills.py), who may deliver
(test_deliveries.py), a bucket (test_bucket_uploads.py), and a real server and browser (test_upload_server.py).
"""

import asyncio
import gzip
import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.portal.fast import upload_stream
from vsf_assets.portal.fast.folder_names import FolderNames
from vsf_assets.portal.fast.receiving import Receiver
from vsf_assets.portal.fast.upload_address import content_address, upload_of_address
from vsf_assets.portal.fast.uploads import NAMING_THREADS
from vsf_assets.storage.folder_listing import list_folder
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests.portal.upload_driver import DATASET, PATH, FastLayer


@pytest.fixture
def fast(tmp_path: Path) -> FastLayer:
    return FastLayer(tmp_path / "home")


def test_a_file_lands_whole_and_marked_so_that_the_service_takes_it_at_once(fast: FastLayer) -> None:
    content = os.urandom(700_000)
    before = time.time()
    answer = fast.put(fast.ticket(PATH, len(content)), [content[:300_000], content[300_000:300_001], content[300_001:]])
    assert answer.status == 201
    assert answer.json["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer.json["bytes"] == 700_000
    assert answer.headers["location"] == answer.json["receipt"]
    assert fast.landed() == {PATH: content}
    assert fast.parts() == []
    (entry,) = FolderStore(fast.settings.landing).entries()
    assert entry.has_done
    assert entry.modified.timestamp() >= before - 0.1
    place = Path(fast.settings.landing) / PATH
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o644, 0o755)


def test_parts_are_not_seen_in_the_landing_zone(fast: FastLayer) -> None:
    fast.put(fast.ticket(PATH, 10), [b"abc", None])
    assert len(fast.parts()) == 1
    listing = list_folder(Path(fast.settings.landing))
    assert (listing.entries, listing.left_out) == ([], [])


def test_an_empty_file_lands(fast: FastLayer) -> None:
    assert fast.put(fast.ticket(PATH, 0), b"").status == 201
    assert fast.landed() == {PATH: b""}


def test_an_upload_goes_on_where_the_line_broke_also_after_a_restart(fast: FastLayer) -> None:
    content = os.urandom(900_000)
    ticket = fast.ticket(PATH, len(content), sha256=hashlib.sha256(content).hexdigest())
    assert fast.put(ticket, [content[:400_000], content[400_000:500_000], None]).status == 0
    state = fast.head(ticket)
    assert (state.headers["upload-offset"], state.headers["x-vsf-upload-state"]) == ("500000", "sending")
    wrong = fast.put(ticket, content[499_999:], upload_offset="499999")
    assert (wrong.status, wrong.json["offset"]) == (409, 500_000)
    fast.restart()
    by_curl = f"bytes 500000-899999/{len(content)}"
    assert fast.put(ticket, [content[500_000:600_000], None], content_range=by_curl).status == 0
    assert fast.put(ticket, content[600_000:], upload_offset="600000").status == 201
    assert fast.landed() == {PATH: content}


def test_a_sender_that_does_not_say_where_begins_anew(fast: FastLayer) -> None:
    ticket = fast.ticket(PATH, 6)
    fast.put(ticket, [b"abcde", None])
    assert fast.put(ticket, b"123456").status == 201
    assert fast.landed() == {PATH: b"123456"}


def test_a_spent_id_takes_no_byte_also_after_a_restart(fast: FastLayer) -> None:
    ticket = fast.ticket(PATH, 3)
    assert fast.put(ticket, b"abc").status == 201
    for _ in range(2):
        again = fast.put(ticket, b"xyz")
        assert (again.status, again.json["type"], again.json["state"]) == (409, "urn:vsf:upload-spent", "landed")
        assert fast.head(ticket).headers["x-vsf-sha256"] == hashlib.sha256(b"abc").hexdigest()
        (Path(fast.settings.landing) / PATH).unlink(missing_ok=True)  # it was loaded
        fast.restart()
    assert fast.landed() == {}


def test_a_body_that_is_longer_or_shorter_than_announced_lands_nothing(fast: FastLayer) -> None:
    ticket = fast.ticket(PATH, 3)
    longer = fast.put(ticket, b"abcd")
    assert (longer.status, fast.head(ticket).headers["upload-offset"]) == (413, "0")
    assert fast.put(ticket, [b"ab", b"cd"]).status == 413  # without a length
    shorter = fast.put(ticket, b"ab")
    assert (shorter.status, shorter.json["offset"]) == (400, 2)
    assert fast.landed() == {}
    assert fast.put(ticket, b"c", upload_offset="2").status == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"upload_offset": "-1"}, 400),
        ({"upload_offset": "1e3"}, 400),
        ({"content_range": "bytes 0-2/9"}, 400),
        ({"content_range": "items 0-2/3"}, 400),
        ({"content_range": "bytes 1-2/3", "upload_offset": "2"}, 400),
        ({"content_length": "abc"}, 400),
        ({"content_length": "9" * 30}, 400),
        ({"content_encoding": "gzip"}, 400),
        ({"upload_offset": "3"}, 413),
    ],
)
def test_odd_headers_are_refused_with_what_would_be_right(
    fast: FastLayer, headers: dict[str, str], status: int
) -> None:
    given = {"content_length": "3", **headers}
    answer = fast.put(fast.ticket(PATH, 3), [b"abc"], **given)
    assert answer.status == status
    assert answer.json["detail"]
    assert fast.landed() == {}


def test_only_the_ticket_of_this_upload_is_accepted(fast: FastLayer, tmp_path: Path) -> None:
    ticket, other = fast.ticket(PATH, 3), fast.ticket("clicks/2/clicks_2.csv", 3)
    good = fast.office.sign(ticket)
    body, _, mac = good.partition(".")
    foreign = FastLayer(tmp_path / "other").office.sign(ticket)
    old = fast.office.sign(fast.ticket(PATH, 3, id=ticket.id, expires=time.time() - 1))
    for text in (
        "",
        "x",
        f"{body}.",
        f"{body}.{mac[:-2]}AA",
        f"{body[:-2]}AA.{mac}",
        fast.office.sign(other),
        foreign,
        old,
        "é",
    ):
        for method in ("PUT", "HEAD"):
            answer = asyncio.run(fast.ask(method, ticket.id, text, [b"abc"], {}))
            assert answer.status == 401, text
    assert fast.parts() == []
    assert asyncio.run(fast.ask("POST", ticket.id, good, [b"abc"], {})).status == 405
    assert asyncio.run(fast.ask("PUT", ticket.id, good, [b"abc"], {})).status == 201


def test_the_address_is_this_layers_in_one_spelling_alone(fast: FastLayer) -> None:
    upload = fast.ticket(PATH, 1).id
    address = content_address(upload).encode()
    assert upload_of_address(address) == upload
    odd = (address + b"/", address.lower(), b"/" + address, address.replace(b"api", b"%61pi"), address[:-1], b"/x")
    assert [upload_of_address(each) for each in odd] == [None] * len(odd)
    assert upload_of_address(b"/api/v1/uploads/" + b"8" * 26 + b"/content") is None  # more than 128 bits


def test_a_pending_file_is_never_replaced(fast: FastLayer) -> None:
    ticket = fast.ticket(PATH, 3)
    place = Path(fast.settings.landing) / PATH
    place.parent.mkdir(parents=True)
    place.write_bytes(b"there")
    answer = fast.put(ticket, b"abc")
    assert (answer.status, PATH in answer.json["detail"]) == (409, True)
    assert (fast.landed(), fast.parts()) == ({PATH: b"there"}, [])
    assert fast.put(ticket, b"abc").status == 409


def test_a_file_that_appears_in_the_last_moment_is_not_replaced(
    fast: FastLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path(fast.settings.landing) / PATH
    place.parent.mkdir(parents=True)
    original = FolderNames.stamp

    def stamp(self: Any, *arguments: Any) -> Any:
        place.write_bytes(b"first")
        return original(self, *arguments)

    monkeypatch.setattr(FolderNames, "stamp", stamp)
    assert fast.put(fast.ticket(PATH, 3), b"abc").status == 409
    assert fast.landed() == {PATH: b"first"}


def test_another_digest_than_announced_is_refused_for_good(fast: FastLayer) -> None:
    ticket = fast.ticket(PATH, 3, sha256="0" * 64)
    assert fast.put(ticket, b"abc").status == 422
    assert fast.put(ticket, b"abc").status == 409
    assert (fast.landed(), fast.parts()) == ({}, [])


def test_a_gzip_bomb_is_stopped_on_its_way(fast: FastLayer) -> None:
    bomb = gzip.compress(bytes(60 << 20), 9)
    ticket = fast.ticket("events/2019-05-20/2019-05-20_x.txt.gz", len(bomb))
    answer = fast.put(ticket, [bomb[:30_000], bomb[30_000:]])
    assert (answer.status, "250 times" in answer.json["detail"]) == (422, True)
    assert (fast.landed(), fast.parts()) == ({}, [])
    honest = gzip.compress(os.urandom(300_000)) + gzip.compress(os.urandom(300_000))
    small = fast.ticket("events/2019-05-20/2019-05-20_y.txt.gz", len(honest), unpacked_max=599_999)
    assert "599,999 bytes" in fast.put(small, honest).json["detail"]
    exact = fast.ticket("events/2019-05-20/2019-05-20_y.txt.gz", len(honest), unpacked_max=600_000)
    assert fast.put(exact, [honest[:1], honest[1:7], honest[7:]]).status == 201


def test_a_broken_gzip_file_is_delivered_since_its_receipt_says_why_it_is_unreadable(fast: FastLayer) -> None:
    broken = gzip.compress(b"a" * 1000)[:-9] + b"garbage"
    path = "events/2019-05-20/2019-05-20_x.txt.gz"
    assert fast.put(fast.ticket(path, len(broken)), broken).status == 201
    assert fast.landed() == {path: broken}


def test_slow_senders_are_sent_away_and_go_on_later(fast: FastLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_stream, "SLOW_AFTER", -1.0)
    monkeypatch.setattr(upload_stream, "SLOWEST", 10**12)
    ticket = fast.ticket(PATH, 6)
    assert fast.put(ticket, [b"abc", b"def"]).status == 408
    monkeypatch.undo()
    assert fast.put(ticket, b"abcdef").status == 201


def test_uploads_that_get_their_names_stop_no_other(fast: FastLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are threads wait for a slow store, while another upload arrives whole."""
    go_on = threading.Event()

    def slow(_: Any, record: Any) -> Any:
        assert go_on.wait(10)
        return record

    monkeypatch.setattr(FolderNames, "prepare", slow)
    others = [fast.ticket(f"clicks/{number}/clicks_{number}.csv", 3) for number in (2, 3, 4, 5, 6)]
    ticket = fast.ticket(PATH, 3)

    async def send() -> list[int]:
        tasks = [asyncio.create_task(fast.put_async(other, b"abc")) for other in others]
        async with asyncio.timeout(5):
            while sum(fast.folder.record(other.id) is not None for other in others) < NAMING_THREADS:
                await asyncio.sleep(0.001)
        await asyncio.wait_for(fast.put_async(ticket, [b"abc", None]), 5)
        assert fast.folder.received(ticket.id) == 3
        go_on.set()
        return [(await task).status for task in tasks]

    assert asyncio.run(send()) == [201] * 5
    assert len(fast.landed()) == 5


def test_time_in_which_a_sender_waited_for_our_disk_is_not_counted_against_him(
    fast: FastLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Receiver.write

    def slow(receiver: Receiver, pieces: list[bytes]) -> None:
        time.sleep(0.03)
        original(receiver, pieces)

    monkeypatch.setattr(Receiver, "write", slow)
    monkeypatch.setattr(upload_stream, "BUFFER", 10)
    monkeypatch.setattr(upload_stream, "SLOW_AFTER", 0.02)
    monkeypatch.setattr(upload_stream, "SLOWEST", 5000)
    assert fast.put(fast.ticket(PATH, 100), [bytes(10)] * 10).status == 201


def test_a_newer_connection_takes_the_place_of_one_that_hangs(fast: FastLayer) -> None:
    ticket = fast.ticket(PATH, 6)

    async def both() -> list[Any]:
        sent = False

        async def receive() -> Any:
            nonlocal sent
            if sent:
                await asyncio.Event().wait()
            sent = True
            return {"type": "http.request", "body": b"abc", "more_body": True}

        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        headers = [(b"x-vsf-upload-token", fast.office.sign(ticket).encode())]
        scope = {"type": "http", "method": "PUT", "headers": headers}
        first = asyncio.ensure_future(fast.uploads.answer(ticket.id, scope, receive, send))
        while fast.folder.received(ticket.id) is None:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        found = await fast.put_async(ticket, b"def", upload_offset="3")
        await first
        return [found.status, *statuses]

    assert asyncio.run(both())[0] == 201
    assert fast.landed() == {PATH: b"abcdef"}


def test_another_process_that_writes_is_not_disturbed(fast: FastLayer) -> None:
    ticket = fast.ticket(PATH, 3)
    other = Receiver(fast.folder, ticket)
    other.open(None)
    busy = fast.put(ticket, b"abc")
    assert (busy.status, busy.json["type"], busy.headers["retry-after"]) == (409, "urn:vsf:upload-busy", "2")
    other.close()
    assert fast.put(ticket, b"abc").status == 201


def test_a_link_in_the_place_of_a_part_is_not_followed(fast: FastLayer, tmp_path: Path) -> None:
    ticket, victim = fast.ticket(PATH, 3), tmp_path / "victim"
    victim.write_bytes(b"keep")
    fast.folder.make()
    fast.folder.part(ticket.id).symlink_to(victim)
    assert fast.put(ticket, b"abc").status == 503
    assert victim.read_bytes() == b"keep"


def test_200_uploads_in_parallel_land_whole(fast: FastLayer) -> None:
    contents = [os.urandom(1000 + number) for number in range(200)]
    tickets = [fast.ticket(f"clicks/1/clicks_1_{n}.csv", len(content)) for n, content in enumerate(contents)]

    async def all_at_once() -> list[int]:
        pieces = ([content[:500], content[500:]] for content in contents)
        answers = await asyncio.gather(*(fast.put_async(t, p) for t, p in zip(tickets, pieces, strict=True)))
        return [answer.status for answer in answers]

    assert asyncio.run(all_at_once()) == [201] * 200
    assert fast.landed() == {ticket.path: content for ticket, content in zip(tickets, contents, strict=True)}


def test_files_of_a_group_get_their_names_together(fast: FastLayer) -> None:
    one, two, three = fast.tickets(*DATASET)
    assert [fast.put(ticket, b"abc").json["state"] for ticket in (one, two)] == ["complete", "complete"]
    assert fast.landed() == {}
    assert fast.head(one).headers["x-vsf-upload-state"] == "complete"
    assert fast.put(one, b"xyz").json["state"] == "complete"  # it waits, and takes no other bytes
    assert fast.put(three, b"def").json["state"] == "landed"
    assert fast.landed() == {one.path: b"abc", two.path: b"abc", three.path: b"def"}
    assert len({entry.modified for entry in FolderStore(fast.settings.landing).entries()}) == 1


def test_of_a_group_with_a_pending_name_nothing_lands(fast: FastLayer) -> None:
    tickets = fast.tickets(*DATASET)
    place = Path(fast.settings.landing) / tickets[1].path
    place.parent.mkdir(parents=True)
    place.write_bytes(b"there")
    assert [fast.put(ticket, b"abc").status for ticket in tickets] == [201, 201, 409]
    assert fast.landed() == {tickets[1].path: b"there"}
    assert [fast.head(ticket).headers["x-vsf-upload-state"] for ticket in tickets] == ["refused"] * 3
    assert fast.parts() == []


def test_a_group_of_which_one_file_is_refused_ends(fast: FastLayer) -> None:
    one, two, three = fast.tickets(*DATASET)
    fast.put(one, b"abc")
    fast.put(three, [b"a", None])
    wrong = fast.ticket(two.path, 3, id=two.id, group=two.group, sha256="0" * 64)
    assert fast.put(wrong, b"abc").status == 422
    assert fast.put(three, b"bc", upload_offset="1").status == 409
    assert "another file of the same delivery" in fast.put(one, b"abc").json["detail"]
    assert (fast.landed(), fast.parts()) == ({}, [])


def test_old_parts_go_and_those_that_are_written_stay(fast: FastLayer) -> None:
    old, busy, young = (fast.ticket(f"clicks/1/clicks_1_{n}.csv", 9) for n in range(3))
    for ticket in (old, busy, young):
        fast.put(ticket, [b"abc", None])
    done = fast.ticket(PATH, 3)
    fast.put(done, b"abc")
    for ticket in (old, busy):
        os.utime(fast.folder.part(ticket.id), (1, 1))
    writer = Receiver(fast.folder, busy)
    writer.open(3)
    assert fast.folder.remove_old(time.time() - 60) == [old.id]
    writer.close()
    assert fast.folder.uploads() == {busy.id, young.id, done.id}
    assert set(fast.folder.remove_old(time.time() + 60)) == {busy.id, young.id, done.id}
    assert fast.landed() == {PATH: b"abc"}
