"""Every form of the warehouse holds the same after each step of a home, with the demo's files and with real ones.

Here: every table of raw, marts and reports of the published snapshots, by EXCEPT ALL both ways. Not here: other
properties of a form (test_local_lake.py), and dbt's own way of building (dbt/, cli/ in a run with a lake).
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from vsf_assets.catalog import scan
from vsf_assets.catalog.model.plan import time_of_scan
from vsf_assets.demo import SEED, demo_files
from vsf_assets.demo.catalog import catalog_files
from vsf_assets.demo.datasets import dataset_files
from vsf_assets.feeds import all_feeds
from vsf_assets.ingest import session
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.warehouse import connection as connection_module
from vsf_assets.warehouse.contract_versions import Versions
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests import forms
from vsf_assets_tests.builds import build_pending, built_directly
from vsf_assets_tests.lake.kept_tables import differences, keep
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.postgres_server import PROGRAMS
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import START, Home, clicks, conversions

Files = dict[str, bytes]

FOLDER, BUCKET = "shared lake in a folder", "shared lake in a bucket"


@dataclass(frozen=True)
class Servers:
    """A database and a bucket for a shared lake."""

    database: str
    bucket: Bucket


def homes_of(root: Path, servers: Servers | None, shared: str) -> dict[str, Home]:
    """Return an empty home of each form, the one that others are compared with first; a shared one needs servers."""
    variables = {
        "file": forms.variables(root / "file", has_lake=False),
        "local lake": forms.variables(root / "local lake", has_lake=True),
    }
    if servers:
        variables[shared] = {"VSF_CATALOG": servers.database, "VSF_LOCK_TAKEOVER_SECONDS": "3"}
        variables[shared]["VSF_LAKE"] = str(root / "lakes" / "lake")
        if shared == BUCKET:
            variables[shared] |= {
                f"VSF_{place}": servers.bucket.address(place.lower()) for place in ("LAKE", "SNAPSHOTS")
            }
    given = {form: {name.removeprefix("VSF_"): value for name, value in v.items()} for form, v in variables.items()}
    return {form: Home(root / form, DATASET_WAIT_SECONDS="0", **named) for form, named in given.items()}


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> Servers | None:
    """Return what a shared lake needs; None where there is no PostgreSQL."""
    if not PROGRAMS:
        return None
    return Servers(request.getfixturevalue("catalog"), request.getfixturevalue("bucket"))


@dataclass(frozen=True)
class Deliveries:
    """Files by their path in the landing zone: a first batch, a second one, and twins that landed before both.

    `shared` is the form of the shared lake that they are stored in, one for each kind of files: each takes minutes.
    """

    first: Files
    second: Files
    twins: Files
    shared: str


def of_the_demo() -> Deliveries:
    files = demo_files() | dataset_files(SEED)
    late = ("_4.csv", "_4_none.csv", "_4_cut.csv.gz")
    second = {
        path: content
        for path, content in files.items()
        if path.endswith(late) or path.startswith(("events/2019-05-2", "lines/2019-05", "accounts/2019-05"))
    }
    twins = {
        "clicks/1/clicks_1_twin.csv": files["clicks/1/clicks_1.csv"],
        "events/2019-05-02_twin_rs.txt.gz": files["events/2019-05-02_testmdn_child_parent_rs.txt.gz"],
    }
    first = {path: content for path, content in files.items() if path not in second}
    return Deliveries(first | catalog_files(1), second | catalog_files(SEED), twins, FOLDER)


def of_samples(samples: Path) -> Deliveries:
    files = {
        "/".join(path.relative_to(samples).parts): path.read_bytes()
        for path in sorted(samples.rglob("*"))
        if path.is_file()
    }
    landed: Files = {}
    for path, content in files.items():
        folder, _, rest = path.partition("/")
        if folder == "campaigns":
            quarter, name = rest.split("/")
            landed[f"{name.partition('_')[0]}/{quarter}/{name}"] = content
        elif folder == "campaigns_mini":
            landed[f"{rest.partition('_')[0]}/2/{rest.replace('_1', '_2')}"] = content
        elif folder == "events":
            feed = {"linedim.csv": "lines", "accountdim.csv": "accounts", "limitfact.csv": "limits"}.get(rest, "events")
            landed[f"{feed}/{rest}"] = content
        else:
            landed[path] = content
    second = {p: c for p, c in landed.items() if "/2/" in p or "2019-05-21" in p or p.startswith("datasets/")}
    twins = {
        "clicks/1/clicks_1_twin.csv": landed["clicks/1/clicks_1.csv"],
        "events/2019-05-20_twin_rs.txt.gz": landed["events/2019-05-20_testmdn_child_parent_rs.txt.gz"],
    }
    return Deliveries({p: c for p, c in landed.items() if p not in second}, second, twins, BUCKET)


@pytest.fixture(params=["demo", "samples"])
def deliveries(request: pytest.FixtureRequest) -> Deliveries:
    return of_the_demo() if request.param == "demo" else of_samples(request.getfixturevalue("samples"))


def load(home: Home, files: Files, minute: int, reload: str = "changed", full: bool = False) -> None:
    """Land files, a minute apart, take them, build and publish."""
    for number, (path, content) in enumerate(files.items()):
        home.land(path, content, minute + number)
    home.ingest(reload=reload, feeds=all_feeds())
    assert build_pending(home.warehouse, checked=False, full=full) is not None


def change_contracts(home: Home, patch: pytest.MonkeyPatch) -> None:
    """Give a home a table and files of earlier contracts; the table is made, and a run reads the files again."""
    with home.warehouse.lock("test"), home.warehouse.connect() as connection:
        connection.execute("alter table raw.clicks drop column campaign_id")
    original, of_tables = session.contract_versions, connection_module.table_versions

    def versions(*_: object) -> Versions:
        found = original(home.settings)
        return Versions({**found.by_feed, "clicks": "another", "events": "another"}, found.encodings, found.profiles)

    with patch.context() as changed:
        changed.setattr(session, "contract_versions", versions)
        changed.setattr(
            connection_module, "table_versions", lambda settings: of_tables(settings) | {"clicks": "another"}
        )
        home.warehouse.migrate(lambda _: None)
        load(home, {}, 0)


def rebuilt(home: Home) -> None:
    home.warehouse.migrate(lambda _: None)
    with built_directly(checked=False):
        assert rebuild(home.warehouse, "test").problems == []


def counts(folder: Path) -> dict[str, int]:
    """Return the number of rows of each table but the one that has a row for each build."""
    with closing(duckdb.connect()) as connection:
        sql = "select parse_filename(file_name, true), num_rows from parquet_file_metadata(?)"
        found = dict(connection.execute(sql, [f"{folder}/*.parquet"]).fetchall())
    found.pop("raw.builds", None)
    return found


def rows_of_all(homes: dict[str, Home], folder: Path) -> dict[str, int]:
    """Return the number of rows of each table of the current snapshots, which are equal in all homes."""
    folder.mkdir()
    first, *others = homes
    columns = {form: keep(home, folder / form) for form, home in homes.items()}
    for form in others:
        assert columns[form] == columns[first], folder.name
        assert list(differences(folder / first, folder / form)) == [], folder.name
    rows = counts(folder / first)
    assert len(rows) > 50
    return rows


@pytest.mark.lake
def test_each_form_holds_the_same_after_each_step(
    deliveries: Deliveries, servers: Servers | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_this_process_remove()
    # A catalog's source is scanned at the same times in each home: from them come ids, and times of versions.
    monkeypatch.setattr(scan, "time_of_scan", lambda _, last: time_of_scan(START, last))
    steps: dict[str, Callable[[Home], None]] = {
        "first batch": lambda home: load(home, deliveries.first, 100, full=True),
        "second batch": lambda home: load(home, deliveries.second, 1000),
        "forced re-read": lambda home: load(home, {}, 0, reload="all"),
        "late twins": lambda home: load(home, deliveries.twins, 0),
        "changed contracts": lambda home: change_contracts(home, monkeypatch),
        "rebuild": rebuilt,
    }
    homes = homes_of(tmp_path, servers, deliveries.shared)
    for home in homes.values():
        home.warehouse.prepare(lambda _: None)
    rows: dict[str, int] = {}
    for step, act in steps.items():
        for home in homes.values():
            act(home)
        before, rows = rows, rows_of_all(homes, tmp_path / step)
        assert (rows["raw.clicks"], rows["raw.events"]) >= (before.get("raw.clicks", 1), before.get("raw.events", 1))
        assert (rows == before) == (step in ("forced re-read", "changed contracts", "rebuild")), (step, rows)
    if servers is None:
        pytest.skip("the other forms agree; there is no PostgreSQL (Debian: postgresql) for the shared lake")


def test_few_files_and_a_late_twin_give_the_same_in_a_file_and_in_a_local_lake(tmp_path: Path) -> None:
    homes = homes_of(tmp_path, None, FOLDER)
    files = {
        "clicks/1/clicks_1.csv": clicks(1, 2) + b"x,1,1\n",
        "conversions/1/conversions_1.csv": conversions(1),
        "clicks/2/clicks_2.csv": clicks(3),
    }
    for home in homes.values():
        put_built_warehouse(home.settings)
        for minute, (path, content) in enumerate(files.items(), 1):
            home.land(path, content, minute)
        home.ingest()
        load(home, {"clicks/2/clicks_2_twin.csv": files["clicks/2/clicks_2.csv"]}, 0)
    rows = rows_of_all(homes, tmp_path / "found")
    assert (rows["raw.clicks"], rows["raw.conversions"], rows["raw.files"]) == (3, 1, 4)


def test_a_row_that_one_side_has_twice_is_a_difference(tmp_path: Path) -> None:
    for name, count in (("one", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        duckdb.execute(f"copy (select 7 as n from range({count})) to '{tmp_path / name}/raw.t.parquet'")
    assert list(differences(tmp_path / "one", tmp_path / "other")) == ["raw.t: only in other: (7,)"]
