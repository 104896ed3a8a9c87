"""A front before a test's object store that is killed, stopped and started again while the objects stay.

The objects are in the memory of the test's process (object_server.py); the front is a process that passes bytes on
between programs and it. To whoever uses the store, killing the front is a store that is killed: connections break, and
new ones are refused until it is started again. Here: the front. Not here: assertions.
"""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3

from vsf_assets_tests.object_server import KEY, SECRET, ObjectServer

BUCKET = "vsf-workers"


@dataclass
class StoreFront:
    """The front, and a client that goes past it.

    Attributes:
        port: of the front, on the loopback device.
        behind: port of the store.
        client: a client of the store itself.
        process: the front.
    """

    port: int
    behind: int
    client: Any
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def settings(self) -> dict[str, str]:
        """Return the variables of programs that use the store."""
        places = {
            f"VSF_{name.upper()}": f"s3://{BUCKET}/{name}" for name in ("lake", "landing", "archive", "snapshots")
        }
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
        return {**places, **keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_CONFIG_FILE": "none"}

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        words = [sys.executable, "-m", __name__, str(self.port), str(self.behind)]
        self.process = subprocess.Popen(words)
        while self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise RuntimeError(f"the front ended with {self.process.returncode}")

    def kill(self) -> None:
        """Kill it: connections break, and new ones are refused."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def restart(self, after: float) -> None:
        """Kill it, and start it again after some seconds."""
        self.kill()
        time.sleep(after)
        self.start()

    def stop_for(self, seconds: float) -> None:
        """Stop it for some seconds: connections stay, and nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def keys(self, prefix: str) -> list[str]:
        """Return the names of the objects below a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


@contextmanager
def front_of(server: ObjectServer) -> Iterator[StoreFront]:
    """Start a front of a store with an empty bucket."""
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=server.endpoint, **keys)
    client.create_bucket(Bucket=BUCKET)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    front = StoreFront(port, int(server.endpoint.rpartition(":")[2]), client)
    front.start()
    try:
        yield front
    finally:
        front.kill()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


async def _serve(port: int, behind: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(_pass_on(reader, to_writer), _pass_on(to_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", port, reuse_address=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
