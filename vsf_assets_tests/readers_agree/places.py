"""Judges of places: a folder and a bucket listed, and a folder, an S3 server and a web server read as sources.

Here: generators of edge names and properties; a stand-in for the S3 client holds objects in memory. Not here: servers
that fail (objects/, catalog/).
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from vsf_assets.catalog.clients.factory import open_source
from vsf_assets.catalog.model.errors import GoneError
from vsf_assets.catalog.model.plan import parse_list
from vsf_assets.catalog.model.retry import Deadline
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError
from vsf_assets.readers.dispatch import portions
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests.servers import http_server

_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryS3:
    """As much of an S3 client as listings and reads need."""

    def __init__(self, objects: dict[str, bytes]):
        self.objects = objects

    def get_paginator(self, _: str) -> "MemoryS3":
        return self

    def paginate(self, Prefix: str = "", **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 - the client's names
        yield self.list_objects_v2(Prefix=Prefix)

    def list_objects_v2(self, Prefix: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        keys = [key for key in sorted(self.objects) if key.startswith(Prefix)]
        found = [{"Key": k, "Size": len(self.objects[k]), "LastModified": _TIME, "ETag": f'"{hash(k)}"'} for k in keys]
        return {"Contents": found, "KeyCount": len(found), "IsTruncated": False}

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        from botocore.exceptions import ClientError
        from botocore.response import StreamingBody

        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        content = self.objects[Key]
        body = StreamingBody(_Raw(content), len(content))  # type: ignore[arg-type]
        return {"Body": body, "ContentLength": len(content), "ETag": f'"{hash(Key)}"'}

    def close(self) -> None:
        """Do nothing."""


class _Raw(io.BytesIO):
    """A response of the HTTP library."""

    def read(self, amt: int | None = None, **_: Any) -> bytes:  # type: ignore[override]
        return super().read(-1 if amt is None else amt)


_NAMES = st.sampled_from(
    [
        "clicks_1.csv",
        "a.csv",
        ".hidden.csv",
        "x.csv.tmp",
        "x.csv.part",
        "a.csv.done",
        "b.csv",
        "ä ö.csv",
        "a%20b.csv",
        "a+b.csv",
        "A.csv",
        "~x.csv",
        "x.tmp.csv",
        "part",
        "a.CSV",
        "名.csv",
    ]
)
_FOLDERS = st.sampled_from(["", "", "clicks/", "clicks/1/", ".git/", "a/.b/", "x.tmp/", "x.part/", "datasets/n/", "ä/"])
trees = st.dictionaries(st.tuples(_FOLDERS, _NAMES).map("".join), st.binary(max_size=3), max_size=8)


def folder_and_bucket_list(tree: dict[str, bytes]) -> None:
    """Check that a folder and a bucket with the same files list the same: paths, sizes and markers."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        _write(Path(folder), tree)
        patch.setattr("vsf_assets.storage.s3.s3_client", lambda: MemoryS3({f"landing/{k}": v for k, v in tree.items()}))
        from vsf_assets.storage.s3 import ObjectStore

        listings = [store.entries() for store in (FolderStore(folder), ObjectStore("s3://bucket/landing"))]
    here, there = ([(e.path, e.size, e.has_done) for e in entries] for entries in listings)
    assert here == there


def _write(folder: Path, tree: dict[str, bytes]) -> None:
    for name, content in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


_OBJECTS = st.sampled_from(
    [
        "a.data",
        "b c.data",
        "ä.data",
        "a%20b.data",
        "x+y.data",
        "d/e.data",
        "q?x.data",
        "h#x.data",
        "~.data",
        "a&b=c",
        ".dot",
        "semi;colon",
        "名",
    ]
)
objects = st.tuples(
    st.dictionaries(_OBJECTS, st.binary(max_size=3), max_size=6), st.lists(_OBJECTS, unique=True, max_size=6)
)


@contextmanager
def _sources(tree: dict[str, bytes]) -> Iterator[list[Any]]:
    with tempfile.TemporaryDirectory() as folder, http_server() as served, pytest.MonkeyPatch.context() as patch:
        _write(Path(folder), tree)
        for name, content in tree.items():
            served.put(name, content)
        client = MemoryS3({f"base/{name}": content for name, content in tree.items()})
        patch.setattr("vsf_assets.catalog.clients.s3._client", lambda _: client)
        made = [open_source(Profile("p", address)) for address in (folder, "s3://bucket/base", served.address)]
        yield made
        for source in made:
            source.close()


def sources_see_the_same(given: tuple[dict[str, bytes], list[str]]) -> None:
    """Check that the three forms of a source see the same objects, with the same bytes, and miss the same."""
    tree, requested = {"files_list.data": b"\n", **given[0]}, given[1]
    seen, read = [], []
    with _sources(tree) as made:
        for source in made:
            observed = source.observe(requested, lambda _: None)
            seen.append({name: isinstance(state, str) for name, state in observed.items()})
            read.append({name: _content(source, name) for name in requested})
    assert seen == [{name: name in tree for name in requested}] * 3
    assert read == [{name: tree.get(name) for name in requested}] * 3


def _content(source: Any, name: str) -> bytes | None:
    try:
        with source.open(name, Deadline.after(10)) as content:
            return b"".join(content.blocks)
    except GoneError:
        return None


lists = st.lists(
    st.sampled_from(
        [
            b"a.data",
            b"b",
            b"\n",
            b"\n",
            b"\r\n",
            b"\r\r\n",
            b"\r",
            b" ",
            b"\t",
            b"\xff",
            b"\xe9",
            b"\0",
            "ä".encode(),
            b"\xef\xbf\xbd",
            b"\xef\xbb\xbf",
            b"\xc2\xa0",
            b"\x0b",
            b"\xe2\x80\xa8",
            b"/",
        ]
    ),
    max_size=10,
).map(b"".join)


def scan_and_ingest_read_list(content: bytes) -> None:
    """Check that a look finds the names at the places where ingest stores them."""
    stream = FileStream(io.BufferedReader(io.BytesIO(content)), "files_list.data")
    try:
        stored = [
            row for p in portions(stream, all_feeds()["catalog_list"]) for row in p.valid["raw.catalog_list"].rows()
        ]
    except UnreadableError:
        return
    first: dict[str, int] = {}
    for _, position, name in stored:
        first.setdefault(name, position)
    assert {item.name: item.position for item in parse_list(content, "utf-8")} == first
