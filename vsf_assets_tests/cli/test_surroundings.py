"""What the surroundings say changes no table and no finding: `vsf run` and Dagster's run in hostile surroundings.

Here: whole processes. Not here: which variables are given and which are fixed (unit/test_surroundings.py), and the
guard against empty marts (dbt/test_empty_tables.py).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.demo import SEED, demo_files
from vsf_assets.demo.catalog import catalog_files
from vsf_assets.demo.datasets import dataset_files
from vsf_assets_tests import forms
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.hostile import hostile_variables
from vsf_assets_tests.prebuilt import put_built_warehouse

OTHERS = {
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "tr_TR.ISO-8859-9",
    "LANG": "tr_TR.ISO-8859-9",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "7",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii",
    "COLUMNS": "1",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "CI": "true",
    "RUST_LOG": "trace",
    "RAYON_NUM_THREADS": "0",
    "OPENBLAS_NUM_THREADS": "1",
}
FOREIGN = {
    "dagster.yaml": "run_storage: {module: nowhere, class: Nothing, config: {}}\n",
    "dbt_project.yml": "name: other\nprofile: other\nflags: {fail_fast: true, empty: true}\n",
    "profiles.yml": "other: {target: x, outputs: {x: {type: duckdb, path: /nowhere/x.duckdb}}}\n",
    "packages.yml": "packages: [{local: /nowhere}]\n",
    ".env": "DBT_EMPTY=1\nVSF_AFTER_LOAD=delete\n",
    ".dbt/profiles.yml": "other: {}\n",
    ".duckdbrc": "select error('no');\n",
}


def drop_all_feeds(home: Home) -> None:
    """Land files of every feed, with times of their own; requests have states with the time of the run."""
    files = {
        path: content
        for path, content in {**demo_files(), **catalog_files(SEED), **dataset_files(SEED)}.items()
        if (not path.startswith("events/") or "2019-05-01" <= path[7:17] <= "2019-05-04")
        and not path.startswith("fake_")
    }
    home.drop(files)
    for number, path in enumerate(sorted(files)):
        at = 1_750_000_000 + (0 if path.startswith("datasets/") else number)
        os.utime(home.landing / path, (at, at))


def run(home: Home, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run `vsf run` in a folder as a process of its own."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "VSF_HOME": str(home.path),
        **forms.variables(home.path),
    }
    environ |= {"VSF_SETTLE_SECONDS": "0", "VSF_DATASET_WAIT_SECONDS": "0", **variables}
    vsf = Path(sys.executable).with_name("vsf")
    return subprocess.run([vsf, "run"], cwd=folder, env=environ, capture_output=True, check=False)


def in_clean_surroundings(folder: Path) -> Home:
    """Return a home that this process loaded."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(folder / "home", patch)
        patch.setenv("VSF_DATASET_WAIT_SECONDS", "0")
        drop_all_feeds(home)
        home.load(checked=False)
    return home


def in_surroundings(folder: Path, variables: dict[str, str], files: dict[str, str]) -> Home:
    """Return a home after `vsf run` with variables set and files in the working folder, which is HOME too."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(folder / "home", patch)
    drop_all_feeds(home)
    here = folder / "here"
    for name, text in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    done = run(home, here, variables)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return home


def compared(home: Home) -> dict[str, list[str]]:
    """Return every table without what a look at the catalog depends on: when it was, and ids made of that."""
    sql = "select file_id, feed || '/' || file_name, landed_at, archive_path from raw.files where feed like 'catalog%'"
    written = dict[str, str]()
    for file_id, name, at, path in home.ask(sql):
        written |= {repr(path): repr(name), str(file_id): name, repr(at): "at the look"}

    def without_scans(row: str) -> str:
        for text, instead in written.items():
            row = row.replace(text, instead)
        return row

    return {name: sorted(map(without_scans, rows)) for name, rows in home.tables().items()}


def test_hostile_surroundings_change_no_table_and_no_finding(tmp_path: Path) -> None:
    clean = in_clean_surroundings(tmp_path / "clean")
    hostile = in_surroundings(tmp_path / "hostile", hostile_variables() | OTHERS, FOREIGN)
    expected, found = compared(clean), compared(hostile)
    assert clean.ask("select count(*) > 100, count(distinct feed) from reports.anomalies") == [(True, 9)]
    assert [name for name in expected if found.get(name) != expected[name]] == []
    assert found.keys() == expected.keys()


BY_HAND = """
import os, sys
hostile = dict(name.split("=", 1) for name in sys.argv[1:])
os.environ.update(hostile)  # as they are when a code server starts
from vsf_assets.definitions import defs
from vsf_assets.transform import dbt_runner as dbt
dbt.LEFT_OUT = ("unit_test", "test")  # the other test asks them in such surroundings, and tables are looked at
definitions = defs()
import dagster as dg
with dg.DagsterInstance.ephemeral() as instance:
    for job in ("ingest_campaigns", "build_and_publish"):
        os.environ.update(hostile)  # and again since
        assert definitions.resolve_job_def(job).execute_in_process(instance=instance).success
"""


def test_a_code_server_started_by_hand_is_covered_too(tmp_path: Path) -> None:
    """Without `vsf`: a job of the definitions, the variables there at the start and set again before each run."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path / "home", patch)
    own = {"VSF_HOME": str(home.path), **forms.variables(home.path)}
    put_built_warehouse(read_settings(own))  # so that the build has what came since, in all layers and reports
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,10,100\n,20,100\n3,x,100\n"})
    home.drop({"2019-05-20_linedim.csv": "MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n"})
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "VSF_SETTLE_SECONDS": "0", **own}
    words = [f"{name}={value}" for name, value in hostile_variables().items() if not name.startswith("DAGSTER_")]
    command = [sys.executable, "-c", BY_HAND, *words]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert home.ask("select campaign_id, banner_id, clicks from marts.fct_banner_performance") == [(100, 10, 1)]
    found = home.ask("select line_number, anomaly from reports.anomalies where severity = 'error' order by 1")
    assert found == [(3, "missing_value"), (4, "invalid_value")]
