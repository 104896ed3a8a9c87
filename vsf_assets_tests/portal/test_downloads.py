"""Files that the layer before Django sends: ranges, tags, slow clients, and the header that no client sees.

Here: the raw ASGI application with a stand-in for the pages. Not here: a real server (test_command.py).
"""

import asyncio
import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.portal.asgi import Dispatcher, Doors
from vsf_assets.portal.fast import downloads, parts
from vsf_assets.portal.fast.downloads import FILE_HEADER, SENDS_FILES, NamedFile
from vsf_assets.portal.fast.static_files import StaticFiles, digest_of
from vsf_assets.web.answers import HttpAnswer

HOST = (b"host", b"data.example")
DOORS = Doors(frozenset({"data.example"}))
CONTENT = bytes(range(256)) * 2000  # four parts


class Client:
    """A client, and what it got."""

    def __init__(self, reads: int = 1000, leaves: bool = False) -> None:
        self.status, self.headers, self.body, self.ended = 0, dict[bytes, bytes](), b"", False
        self.reads, self.leaves, self.request = reads, leaves, [{"type": "http.request", "body": b""}]

    async def receive(self) -> Any:
        if not self.request and not self.leaves:
            await asyncio.Event().wait()
        return self.request.pop() if self.request else {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
            return
        if self.reads <= 0:
            await asyncio.Event().wait()
        self.reads -= 1
        await asyncio.sleep(0)
        self.body += message.get("body", b"")
        self.ended = not message.get("more_body", False)


def ask(
    file: NamedFile | None = None,
    *headers: tuple[bytes, bytes],
    client: Client | None = None,
    method: str = "GET",
    path: bytes = b"/x",
    answered: Iterable[tuple[bytes, bytes]] = ((b"content-length", b"0"), (b"content-type", b"text/plain")),
    static: StaticFiles | None = None,
    scopes: list[Any] | None = None,
    page: bytes = b"a page",
) -> Client:
    client = client or Client()

    async def pages(scope: Any, body: bytes) -> HttpAnswer:
        if scopes is not None:
            scopes.append(scope)
        named = [(FILE_HEADER, file.header().encode())] if file else []
        return HttpAnswer(200, [*answered, *named], b"" if file else page)

    scope = {
        "type": "http",
        "method": method,
        "raw_path": path,
        "path": path.decode(),
        "query_string": b"",
        "headers": [HOST, *headers],
        "client": ("198.51.100.7", 1),
        "scheme": "http",
    }
    asyncio.run(Dispatcher(pages, DOORS, static)(scope, client.receive, client.send))
    return client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "größe.bin"
    path.write_bytes(CONTENT)
    return path


def test_a_named_file_is_sent_with_the_headers_of_the_view_and_without_the_internal_one(file: Path) -> None:
    client = ask(NamedFile(file))
    assert (client.status, client.body == CONTENT, client.ended) == (200, True, True)
    assert client.headers[b"content-length"] == b"%d" % len(CONTENT)
    assert client.headers[b"content-type"] == b"text/plain"
    assert FILE_HEADER not in client.headers
    assert str(file).encode() not in b"".join(client.headers.values())
    assert ask().body == b"a page"
    assert ask(page=CONTENT).body == CONTENT


def test_a_client_cannot_say_what_only_the_layer_says(file: Path) -> None:
    scopes: list[Any] = []
    sent = [(SENDS_FILES, b"evil"), (b"x_vsf_sends_files", b"evil"), (b"x_forwarded_for", b"203.0.113.1")]
    ask(None, *sent, (FILE_HEADER, NamedFile(file).header().encode()), scopes=scopes)
    given = scopes[0]["headers"]
    assert [value for name, value in given if name.replace(b"_", b"-") == SENDS_FILES] == [b"1"]
    assert not [name for name, _ in given if b"_" in name]


@pytest.mark.parametrize(
    ("requested", "first", "end"),
    [
        (b"bytes=0-9", 0, 10),
        (b"bytes=511990-", 511_990, 512_000),
        (b"bytes=-5", 511_995, 512_000),
        (b"bytes=100-99999999", 100, 512_000),
    ],
)
def test_a_range_is_a_part_of_the_file(file: Path, requested: bytes, first: int, end: int) -> None:
    client = ask(NamedFile(file), (b"range", requested))
    assert (client.status, client.body == CONTENT[first:end]) == (206, True)
    assert client.headers[b"content-range"] == b"bytes %d-%d/512000" % (first, end - 1)
    assert client.headers[b"content-length"] == b"%d" % (end - first)


@pytest.mark.parametrize("requested", [b"bytes=1-2,4-5", b"lines=1-2", b"bytes=9-1", b"bytes=-", b"bytes=" + b"9" * 50])
def test_other_ranges_give_the_whole_file(file: Path, requested: bytes) -> None:
    assert ask(NamedFile(file), (b"range", requested)).status == 200


@pytest.mark.parametrize("requested", [b"bytes=512000-", b"bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_size(file: Path, requested: bytes) -> None:
    client = ask(NamedFile(file), (b"range", requested))
    assert (client.status, client.headers[b"content-range"]) == (416, b"bytes */512000")


def test_a_known_file_is_not_sent_again_and_a_range_of_another_version_is_the_whole(file: Path) -> None:
    tag = ask(NamedFile(file)).headers[b"etag"]
    again = ask(NamedFile(file), (b"if-none-match", b'"x", W/' + tag))
    assert (again.status, again.body, again.headers[b"etag"]) == (304, b"", tag)
    assert b"content-length" not in again.headers
    assert ask(NamedFile(file), (b"range", b"bytes=0-1"), (b"if-range", tag)).status == 206
    assert ask(NamedFile(file), (b"range", b"bytes=0-1"), (b"if-range", b'"old"')).status == 200
    own = [(b"etag", b'"of the view"')]
    assert ask(NamedFile(file), (b"if-none-match", b'"of the view"'), answered=own).status == 304


def test_head_has_the_length_and_no_body(file: Path) -> None:
    client = ask(NamedFile(file), method="HEAD")
    assert (client.headers[b"content-length"], client.body, client.ended) == (b"512000", b"", True)


def test_a_temporary_file_is_gone_when_it_is_open_and_has_no_ranges(file: Path) -> None:
    client = ask(NamedFile(file, is_temporary=True), (b"range", b"bytes=0-9"), client=Client(reads=2, leaves=True))
    assert (client.status, client.headers.get(b"etag"), file.exists()) == (200, None, False)
    assert ask(NamedFile(file)).status == 404


def test_no_folder_and_no_pipe_is_sent(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    assert ask(NamedFile(tmp_path / "pipe")).status == 404
    assert ask(NamedFile(tmp_path)).status == 404


def test_a_client_that_stops_reading_is_cut_off_and_one_that_leaves_ends_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_SECONDS", 0.02)
    stopped = ask(NamedFile(file), client=Client(reads=2))
    assert (len(stopped.body), stopped.ended) == (2 * parts.PART, False)
    left = ask(NamedFile(file), client=Client(leaves=True))
    assert len(left.body) < len(CONTENT)
    assert not left.ended
    page = ask(page=CONTENT, client=Client(reads=2))
    assert (len(page.body), page.ended) == (2 * parts.PART, False)


def test_more_downloads_than_a_process_has_turns_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "AT_ONCE", 0)
    client = ask(NamedFile(file))
    assert (client.status, client.headers[b"retry-after"]) == (503, b"60")


def test_static_files_are_compressed_and_kept_for_a_year_under_the_digest(tmp_path: Path) -> None:
    style, picture = tmp_path / "a.css", tmp_path / "b.png"
    style.write_text("p { color: red; }\n" * 40_000)
    picture.write_bytes(b"\x89PNG")
    files = {"portal/a.css": style, "b.png": picture}
    digest = digest_of(files)
    static = StaticFiles(files, digest)

    def get(name: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Client:
        return ask(None, *headers, path=f"/static/{name}".encode(), static=static, method=method)

    plain = get(f"{digest}/portal/a.css")
    assert (plain.body, plain.headers[b"content-type"]) == (style.read_bytes(), b"text/css; charset=utf-8")
    assert b"immutable" in plain.headers[b"cache-control"]
    zipped = get("portal/a.css", (b"accept-encoding", b"br, gzip"))
    assert gzip.decompress(zipped.body) == style.read_bytes()
    assert (zipped.headers[b"content-encoding"], zipped.headers[b"cache-control"]) == (b"gzip", b"public, no-cache")
    assert zipped.headers[b"etag"] != plain.headers[b"etag"]
    assert get("portal/a.css", (b"if-none-match", plain.headers[b"etag"])).status == 304
    assert get("b.png", (b"accept-encoding", b"gzip")).body == b"\x89PNG"
    for odd in ("../a.css", "portal/../portal/a.css", f"{digest}/", "a.css", "%2e%2e/a.css", "portal/%ff"):
        assert get(odd).status == 404
    assert get("b.png", method="POST").status == 405
    style.write_text("changed")
    assert digest_of(files) != digest
