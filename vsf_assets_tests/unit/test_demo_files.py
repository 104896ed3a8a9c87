"""The demo's files of mobile analytics: the same every time, small, and with what they promise."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest

from vsf_assets.demo import SEED, demo_files
from vsf_assets.demo.accounts_and_lines import make_lines
from vsf_assets.demo.catalog import catalog_files
from vsf_assets.demo.datasets import FUNDS, dataset_files
from vsf_assets_tests.demo_rows import counting_events, is_good, rows_of

DIGEST = """
import hashlib
from vsf_assets.demo import SEED, demo_files
from vsf_assets.demo.catalog import catalog_files
from vsf_assets.demo.datasets import dataset_files
files = demo_files() | catalog_files(SEED) | dataset_files()
print(hashlib.sha256(b"".join(p.encode() + c for p, c in files.items())).hexdigest())
"""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return demo_files()


def test_another_process_makes_the_same_bytes_and_another_seed_does_not(files: dict[str, bytes]) -> None:
    other = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-c", DIGEST], env=other, capture_output=True, text=True, check=True)
    whole = files | catalog_files(SEED) | dataset_files()
    mine = hashlib.sha256(b"".join(path.encode() + content for path, content in whole.items())).hexdigest()
    assert done.stdout.strip() == mine
    assert demo_files(1).keys() == files.keys()
    assert demo_files(1)["limits/limitfact.csv"] != files["limits/limitfact.csv"]
    assert dataset_files(1)[f"datasets/{FUNDS}/columns.csv"] != dataset_files()[f"datasets/{FUNDS}/columns.csv"]


def test_seven_weeks_of_events_of_a_few_hundred_lines_stay_small(files: dict[str, bytes]) -> None:
    events = [row for _, row in rows_of(files, "events")]
    assert 15_000 <= len(events) <= 25_000
    assert 200 <= len({row["mdn"] for row in events}) <= 400
    assert sum(map(len, files.values())) < 3_000_000
    days = {path.split("/")[1][:10] for path in files if path.startswith("events/")}
    weeks = {str(date(2019, 4, 8) + timedelta(days=n)) for n in range(49)}
    assert weeks - days == {"2019-05-15"}


def test_only_six_rows_are_bad_and_all_in_one_file(files: dict[str, bytes]) -> None:
    bad = Counter(path for path, row in rows_of(files, "events") if not is_good(row))
    assert bad == {"events/2019-05-08_testmdn_child_parent_rs.txt.gz": 6}


def test_weekends_are_busier_and_some_events_come_a_day_later_or_without_a_phone_number(
    files: dict[str, bytes],
) -> None:
    events = [row for _, row in counting_events(files)]
    by_day = Counter(date.fromisoformat(row["event_time"][:10]) for row in events)
    weekend = [count for day, count in by_day.items() if day.weekday() >= 5]
    ordinary = [count for day, count in by_day.items() if day.weekday() < 5]
    assert min(weekend) > max(ordinary)
    late = [row for row in events if row["server_upload_time"][:10] > row["event_time"][:10]]
    assert 0.01 < len(late) / len(events) < 0.04
    assert 0.005 < sum(row["mdn"] == "" for row in events) / len(events) < 0.03


def test_values_of_properties_hold_everything_that_is_awkward_to_cut_apart(files: dict[str, bytes]) -> None:
    values = Counter(
        mark
        for _, row in counting_events(files)
        for value in json.loads(row["event_properties"]).values()
        for mark in (":", ",", "|", '"', "\\", "\n", "東", "🗼")
        if isinstance(value, str) and mark in value
    )
    assert min(values.values()) > 10
    assert len(values) == 8


@pytest.mark.parametrize("seed", range(3))
def test_new_lines_are_stated_with_the_second_file_and_some_are_active_too_early(seed: int) -> None:
    lines = make_lines(seed)
    early = [line for line in lines if line.activated > date(2019, 4, 8) + timedelta(days=line.starts)]
    assert len({line.account for line in early}) == 5
    files = demo_files(seed)
    stated = {row["MTN"] for path, row in rows_of(files, "lines") if "05-06" in path}
    assert {line.mtn for line in lines if line.is_new} < stated
