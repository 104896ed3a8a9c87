"""`vsf` with everything in a bucket: the samples' figures, a rebuild, a store that is down, wrong settings.

Here: the command line end to end. Not here: the steps (the other modules of this folder).
"""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vsf_assets import definitions
from vsf_assets.common.errors import SettingsError
from vsf_assets.config.settings import read_settings
from vsf_assets_tests.commandline import SAMPLES, Home, enter_home
from vsf_assets_tests.engines import needs_httpfs
from vsf_assets_tests.objects.homes import CommandHome

FILES = {
    "impressions_1.csv": "banner_id,campaign_id\n1,7\n2,7\n",
    "clicks_1.csv": "click_id,banner_id,campaign_id\n10,1,7\n11,2,7\n",
    "conversions_1.csv": "conversion_id,click_id,revenue\n100,10,5\n",
}
FOLDERS = [SAMPLES / "campaigns_mini", SAMPLES / "events"]


def vsf(home: Home, *words: str) -> str:
    outcome = home.vsf(*words)
    assert outcome.exit_code == 0, outcome.output + outcome.errors
    return outcome.output


def figures(home: CommandHome) -> None:
    """Compare with what the samples must give."""
    ask = home.ask
    files = "from reports.files where feed = 'events'"
    assert ask(f"select count(*), sum(lines_read), sum(rows_quarantined) {files}") == [(2, 11, 2)]
    assert ask("select count(*) from marts.fct_activity_events") == [(7,)]
    assert ask("select mtn from marts.fct_limited_lines where limit_type = 'USG' and has_activity order by 1") == [
        ("5551000001",),
        ("5551000003",),
    ]
    by_line = "select count(*) from marts.fct_activity_events join marts.dim_lines using (line_key)"
    assert ask(f"{by_line} where device_grouping = 'ANDROID'") == [(4,)]
    unknown = "select feed, raw_value from reports.anomalies where anomaly = 'unknown_reference'"
    assert {("events", "5559999999"), ("limits", "ACCT10009")} <= set(ask(unknown))
    without_impression = "select count(*) from reports.anomalies where feed = 'clicks' and anomaly = "
    assert ask(f"{without_impression} 'unknown_reference'") == [(5,)]


@needs_httpfs
@pytest.mark.usefixtures("without_dbt")
@pytest.mark.skipif(not SAMPLES.exists(), reason=f"no samples at {SAMPLES}; set VSF_SAMPLES")
def test_the_samples_give_the_same_in_a_bucket_as_in_folders_also_rebuilt(
    command_home: CommandHome, tmp_path: Path
) -> None:
    home = command_home
    vsf(home, "land", *map(str, FOLDERS))
    landed = {key: datetime(2019, 8, 1, 0, n, tzinfo=UTC) for n, key in enumerate(sorted(home.bucket.keys("landing/")))}
    for key, at in landed.items():
        home.bucket.server.set_modified(home.bucket.name, f"landing/{key}", at)
    contents = {key: home.bucket.get(f"landing/{key}") for key in landed}
    assert vsf(home, "status").count("pending") >= len(landed)
    vsf(home, "run")
    figures(home)
    assert home.bucket.keys("landing/") == [".vsf-home"]
    assert len(home.bucket.keys("archive/")) == len(landed)
    assert not {"landing", "archive", "snapshots"} & {path.name for path in home.path.iterdir()}
    in_bucket = home.tables()
    assert "nothing is pending; snapshot: vsf-1.duckdb" in vsf(home, "run")
    vsf(home, "rebuild")
    assert home.bucket.get("snapshots/current") == b"vsf-2.duckdb"
    assert home.tables() == in_bucket
    assert in_folders(tmp_path / "folders", landed, contents) == in_bucket


def in_folders(root: Path, landed: dict[str, datetime], contents: dict[str, bytes]) -> dict[str, list[str]]:
    """Return the tables that the same files give in folders."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(root, patch)
        home.drop(contents)
        for key, at in landed.items():
            os.utime(home.landing / key, (at.timestamp(), at.timestamp()))
        home.load(checked=False)
        return home.tables()


@needs_httpfs
@pytest.mark.usefixtures("without_dbt")
def test_an_object_that_cannot_be_fetched_fails_the_run_and_the_next_one_completes_it(
    command_home: CommandHome,
) -> None:
    home = command_home
    assert home.vsf("query", "select 1").exit_code == 1
    home.drop({**FILES, "notes.txt": "unknown"})
    assert "3 pending, 1 unknown" in vsf(home, "status")
    home.bucket.server.fail("error", method="GET", path=r"/clicks_1\.csv", status=500, code="InternalError")
    first = home.vsf("run")
    assert first.exit_code == 1
    assert "clicks_1.csv" in first.errors
    home.bucket.server.settle()
    assert "snapshot: vsf-1.duckdb; 1 pending, 1 unknown" in vsf(home, "status")
    assert home.ask("select feed from reports.files order by 1") == [("conversions",), ("impressions",)]
    assert "snapshot: vsf-2.duckdb" in vsf(home, "run")
    sql = "select sum(revenue) as revenue from marts.fct_banner_performance"
    assert vsf(home, "query", sql, "--format", "csv").split() == ["revenue", "5.000000"]
    assert home.vsf("query", "delete from raw.clicks").exit_code == 2
    home.bucket.delete("snapshots/vsf-2.duckdb")
    gone = home.vsf("query", "select 1")
    assert (gone.exit_code, "vsf-2.duckdb" in gone.errors) == (1, True)


@pytest.mark.parametrize("silent", [False, True])
def test_a_landing_zone_that_cannot_be_reached_is_told_in_bounded_time(
    command_home: CommandHome, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    monkeypatch.setenv("VSF_STORE_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if not silent:
            listener.close()
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        for words in (["run"], ["status"], ["land", "clicks", str(Path(__file__))]):
            started = time.monotonic()
            outcome = command_home.vsf(*words, *(["--partition", "1"] if words[0] == "land" else []))
            assert outcome.exit_code == 1
            address = command_home.bucket.address("landing")
            assert f"VSF_LANDING={address}" in outcome.errors
            assert endpoint in outcome.errors
            assert time.monotonic() - started < 20


def test_a_bucket_that_is_not_there_and_wrong_settings_are_told(
    command_home: CommandHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_LANDING", "s3://no-such-bucket/landing")
    outcome = command_home.vsf("run")
    assert outcome.exit_code == 1
    assert "VSF_LANDING=s3://no-such-bucket/landing at http" in outcome.errors
    assert "there is no bucket no-such-bucket" in outcome.errors
    for value in ("s3://", "gs://bucket/landing", "s3:///x"):
        with pytest.raises(SettingsError, match=r"VSF_LANDING=.*neither a folder nor an address"):
            read_settings({"VSF_LANDING": value})
    with pytest.raises(SettingsError, match=r"VSF_ARCHIVE=.* lies in VSF_LANDING="):
        read_settings({"VSF_LANDING": "s3://bucket", "VSF_ARCHIVE": "s3://bucket/archive"})
    assert read_settings({"VSF_LANDING": "s3://bucket/in/"}).landing == "s3://bucket/in"


def test_looking_at_a_bucket_loads_no_dagster(command_home: CommandHome) -> None:
    command_home.drop({"clicks_1.csv": FILES["clicks_1.csv"]})
    code = (
        "import sys; from vsf_assets.cli.main import cli; cli.main(['status'], standalone_mode=False);"
        " print([name for name in ('dagster', 'dagster_aws', 'dbt') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "clicks_1.csv" in shown
    assert shown.endswith("[]\n")


def test_assets_of_ones_own_get_the_store_as_a_resource(command_home: CommandHome) -> None:
    resource = definitions.defs().resources["object_store"]
    client = resource.get_client()
    assert command_home.bucket.name in {found["Name"] for found in client.list_buckets()["Buckets"]}
    assert client.meta.config.read_timeout == read_settings().store_timeout
