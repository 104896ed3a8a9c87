"""A catalog from a server with latency, against a naive script and against fetching and parsing alone.

Here: the objects, the server in a process of its own, and the three sides. `python -m benchmarks.catalog
FOLDER` is the server; it prints its address. Not here: the marts, which no side makes.
"""

import json
import random
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.feeds import with_companions
from vsf_assets.ingest.engine import ingest
from vsf_assets.ingest.selection import Selection
from vsf_assets.settings import read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.servers import Served, http_server

OBJECTS, RECORDS = 78, 158_000
LATENCY = 0.05
CONNECTIONS = 16
FASTER_THAN_NAIVE = 1 / 4
OF_THE_FLOOR = 4
KEYS = {
    "song": ("artist_name", "title"),
    "movie": ("original_title", "release_date"),
    "app": ("name", "version"),
}


def make_objects(folder: Path, scale: float) -> None:
    """Write the list and the objects, the same for a scale on any machine."""
    rng = random.Random(78)
    names = [f"{number:03}-{rng.getrandbits(64):016x}.data" for number in range(OBJECTS)]
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        made = [_record(rng) for _ in range(max(1, round(RECORDS * scale / OBJECTS)))]
        (folder / name).write_text(json.dumps(made, indent=2))
    (folder / "files_list.data").write_text("".join(f"{name}\n" for name in names))


def _record(rng: random.Random) -> dict[str, object]:
    kind = rng.choices(("song", "movie", "app", "book"), (30, 30, 25, 15))[0]
    word = f"{rng.choice(('Night', 'River', 'Gold', 'Café', 'No'))} {rng.randrange(60_000)} of the {rng.randrange(99)}"
    day = f"{rng.randrange(1950, 2020)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    fields: dict[str, dict[str, object]] = {
        "song": {"artist_name": word, "title": f"Song {word}", "year": rng.randrange(1950, 2020), "release": "Album"},
        "movie": {
            "original_title": word,
            "original_language": "en",
            "budget": rng.randrange(10**8),
            "is_adult": False,
            "release_date": day,
        },
        "app": {
            "name": word,
            "genre": "Games",
            "rating": rng.randrange(50) / 10,
            "version": "1.2.3",
            "size_bytes": rng.randrange(10**9),
        },
        "book": {"original_title": word, "average_rating": 3.9, "language_code": "eng", "authors": f"Author {word}"},
    }
    return {"type": kind, "data": fields[kind]}


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Serve a folder from a process of its own; yield the address."""
    command = [sys.executable, "-m", "benchmarks.catalog", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def ours(bench: Bench, address: str) -> float:
    """Look, fetch, archive, validate and store; into a new warehouse, closed."""
    with bench.home() as empty:
        (empty.home / "sources.toml").write_text(f"[bench]\naddress = '{address}'\n")
        given = {"VSF_SOURCES": str(empty.home / "sources.toml"), "VSF_PROFILE": "bench"}
        settings = read_settings({"VSF_HOME": str(empty.home), "VSF_SETTLE_SECONDS": "0", **given})
        with timed() as clock:
            report = ingest(Warehouse.of(settings), Selection(with_companions(["catalog"])), "benchmark")
        if report.failed or len(report.stored) != OBJECTS + 2:
            raise RuntimeError(f"not everything was taken: {report.failed}")
    return clock.seconds


def naive(bench: Bench, address: str) -> float:
    """Fetch one after the other with urllib, parse with json, upsert row by row into SQLite."""
    with bench.home() as settings, timed() as clock:
        connection = sqlite3.connect(settings.home / "naive.sqlite")
        for kind in KEYS:
            connection.execute(f"create table {kind} (k1, k2, payload, primary key (k1, k2))")
        for name in _get(f"{address}/files_list.data").decode().split():
            for record in json.loads(_get(f"{address}/{name}")):
                if record["type"] in KEYS:
                    data = record["data"]
                    values = (*(data[key] for key in KEYS[record["type"]]), json.dumps(data))
                    connection.execute(
                        f"insert into {record['type']} values (?, ?, ?)"
                        " on conflict (k1, k2) do update set payload = excluded.payload",
                        values,
                    )
            connection.commit()
        connection.close()
    return clock.seconds


def floor(bench: Bench, address: str) -> float:
    """Fetch over 16 connections and do nothing with it; then parse the same bytes. The sum of both times."""
    import orjson
    from urllib3 import PoolManager

    pool = PoolManager(maxsize=CONNECTIONS, block=True)
    with timed() as fetching:
        names = pool.request("GET", f"{address}/files_list.data").data.decode().split()
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            contents = list(threads.map(lambda name: pool.request("GET", f"{address}/{name}").data, names))
    with timed() as parsing:
        for content in contents:
            orjson.loads(content)
    bench.tell(f"the floor: fetching {fetching.seconds:.2f} s, parsing {parsing.seconds:.2f} s")
    return fetching.seconds + parsing.seconds


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        content: bytes = response.read()
    return content


def measure(bench: Bench) -> list[Row]:
    """Measure the three sides in turns."""
    folder = bench.root / f"catalog-{bench.scale:g}"
    if not (folder / "files_list.data").exists():
        make_objects(folder, bench.scale)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    what = f"catalog, {OBJECTS} objects, {RECORDS * bench.scale:,.0f} records, {size:.0f} MB, {LATENCY * 1000:.0f} ms"
    with server(folder) as address:
        ours(bench, address)
        sides = in_turns(bench.repeat, *(partial(side, bench, address) for side in (ours, naive, floor)))
    return [
        Row(f"{what} / one after another with json and SQLite", sides[0], sides[1], FASTER_THAN_NAIVE),
        Row(f"{what} / 16 connections alone + orjson alone", sides[0], sides[2], OF_THE_FLOOR),
    ]


if __name__ == "__main__":
    served = Served(latency=LATENCY)
    served.put_folder(Path(sys.argv[1]))
    with http_server(served):
        print(served.address, flush=True)
        time.sleep(3600)
