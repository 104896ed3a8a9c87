"""Daily partitions in Dagster: a range is one run, a bad day does not hold back the others, freshness, pictures.

Not here: static partitions and reloading (test_ingest_assets.py) and the rules of a day (engine/test_days.py).
"""

import base64
import re

import dagster as dg

from vsf_assets.defs.charts import bars
from vsf_assets.defs.local_runner import run_job
from vsf_assets.defs.partitions import first_day
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.events import event, event_text
from vsf_assets_tests.instances import loaded_defs

KEY = dg.AssetKey(["raw", "events"])


def day_file(day: str, rows: int) -> bytes:
    return event_text(*(event(f"{day}-{n}", f"{day} 10:00:00") for n in range(rows)))


def test_a_range_of_days_is_one_run_and_a_bad_day_holds_back_no_other(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({f"2019-05-2{n}_a.txt": day_file(f"2019-05-2{n}", n) for n in (0, 1, 3, 4)})
    home.drop({"2019-05-22_a.txt.gz": b"not gzip"})
    result = (
        loaded_defs()
        .resolve_job_def("ingest_mobile")
        .execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": "2019-05-21",
                "dagster/asset_partition_range_end": "2019-05-23",
            },
        )
    )
    assert result.success
    assert instance.get_materialized_partitions(KEY) == {"2019-05-21", "2019-05-23"}
    assert sorted(path.name for path in home.landing.iterdir() if path.name[0] != ".") == [
        "2019-05-20_a.txt",
        "2019-05-24_a.txt",
    ]
    checks = {e.check_name: e.passed for e in result.get_asset_check_evaluations()}
    assert checks == {"contract": False, "row_conservation": True}


def test_the_newest_day_carries_a_picture_of_the_volume(home: Home, instance: dg.DagsterInstance) -> None:
    home.drop({f"2019-05-2{n}_a.txt": day_file(f"2019-05-2{n}", n + 1) for n in range(3)})
    run_job(loaded_defs(), instance, "ingest_mobile")
    assert first_day(home.path) == "2019-05-20"  # of the definitions that are loaded next
    pictures = {}
    for record in instance.fetch_materializations(KEY, limit=5).records:
        event = record.asset_materialization
        assert event is not None
        pictures[event.partition] = event.metadata.get("daily_volume")
    assert [day for day, picture in pictures.items() if picture] == ["2019-05-22"]
    svg = svg_of(str(pictures["2019-05-22"].value))
    assert svg.count("<rect") == 1 + 56
    assert "highest 3" in svg and "2019-05-22" in svg


def svg_of(markdown: str) -> str:
    found = re.search(r"base64,([^)]+)\)", markdown)
    assert found is not None
    return base64.b64decode(found.group(1)).decode()


def test_bars_are_as_high_as_their_share() -> None:
    heights = re.findall(r'height="(\d+)" fill="#4f6bed"', svg_of(bars([("a", 5), ("b", 10), ("c", 0)], "x").value))
    assert heights == ["45", "90", "1"]
    assert bars([], "x").value == "no values"


def test_the_daily_feed_is_late_after_thirty_hours_and_others_never() -> None:
    policies = {
        s.key.path[-1]: s.freshness_policy for s in loaded_defs().resolve_all_asset_specs() if s.key.path[0] == "raw"
    }
    assert [name for name, policy in policies.items() if policy] == ["events"]
    assert policies["events"].warn_window.to_timedelta().total_seconds() == 30 * 3600
