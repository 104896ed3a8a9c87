"""`vsf demo`: generates sample files, loads them, builds and publishes, in one command."""

import hashlib
import os
import tempfile
from pathlib import Path

import click

from vsf_assets.cli.output import render, say
from vsf_assets.cli.query import query_snapshot
from vsf_assets.cli.run import make_selection, run
from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.config.catalog_profiles import DEFAULT
from vsf_assets.config.settings import Settings, export, read_settings
from vsf_assets.demo import SEED, demo_files
from vsf_assets.demo.catalog import catalog_files
from vsf_assets.demo.datasets import dataset_files
from vsf_assets.landing.land_file import land_file, replace_file
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets.storage.full_disk import room_for
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.ledger import has_ledger, read_files

_TABLES = """
    select table_schema || '.' || table_name as "table", estimated_size as rows
    from duckdb_tables() join information_schema.tables using (table_name)
    where schema_name = table_schema and table_schema in ('marts', 'reports') order by 1
"""
_ANOMALIES = "select feed, anomaly, severity, count(*) as findings from reports.anomalies group by all order by all"
_CHANNELS = """
    select
        sales_channel,
        count(distinct activity.mtn) as lines,
        sum(events)::bigint as events,
        sum(events_before_activation)::bigint as before_activation
    from marts.fct_activity_daily as activity join marts.dim_lines using (line_key)
    group by sales_channel order by sales_channel
"""
_VOLUMES = """
    select feed, processing_date, dayname(processing_date) as day, expected, observed, compared_days
    from reports.volume_anomalies order by processing_date
"""
_LATE = """
    select event_date, processing_date, count(*) as events
    from marts.fct_activity_events where processing_date > event_date + 1 group by all order by all
"""
_SHOWN_TABLES = {
    "tables of the snapshot for analysts": _TABLES,
    "use of the app by sales channel": _CHANNELS,
    "days with unusually many or few events for their weekday": _VOLUMES,
    "events that were delivered more than a day late": _LATE,
    "findings in the files": _ANOMALIES,
}
_NEXT = """
next steps
  vsf status                                       every file with its state
  vsf query "from reports.anomalies"               findings: rows and files with their reasons
  vsf query "from marts.fct_campaign_scores where campaign_id = 200 and quarter = 1 order by rank"
  vsf query "from marts.fct_daily_active_lines"    active, new and returning lines by day
  vsf query "from marts.dim_lines where mtn = '5552000001'"   versions of a phone line
  vsf query "from marts.dim_song_versions where title = 'Ebb'"   a song whose payload changed
  vsf report anomalies --dataset demo_funds        the findings of a dataset, line by line
  vsf report choices --dataset demo_funds          its namespaces; then use --namespace, --database, ...
  vsf report anomalies --feed events -o events.html   the anomalies of a feed as a page
  vsf query "from reports.fake_requests"           a made-up file that was requested
  vsf report scores                                the chosen banners as JSON and CSV
  vsf dev                                          the Dagster UI; drop files into {landing}
"""


@click.command("demo")
def command() -> None:
    """Land generated sample files, build, publish, and show what was built."""
    export({"VSF_DATASET_WAIT_SECONDS": "0"})  # one of the datasets lacks a file, which never lands
    settings = read_settings()
    landed = _land_new(settings)
    say(f"landed {landed} sample files" if landed else "every sample file is loaded already")
    good = run(settings, make_selection((), None, None, None, force=False), by_feed=True)
    if current_snapshot(settings) is None:
        raise VsfError("nothing was published, so there is nothing to show; the reasons are above")
    for title, sql in _SHOWN_TABLES.items():
        answer = query_snapshot(settings, sql, "table")
        say(f"\n{title}\n" + render(answer.names, answer.rows, "table", answer.numeric))
    say(_NEXT.format(landing=settings.landing))
    if not good:
        raise SystemExit(1)


def _write(path: Path, content: bytes) -> None:
    with room_for("the sample files", path.parent, len(content)):
        path.write_bytes(content)


def _land_new(settings: Settings) -> int:
    """Land the sample files that the ledger does not know, and the catalog if its source is the landing zone.

    Returns:
        The number of landed files.
    """
    known = set()
    with Warehouse.of(settings).read("demo") as connection:
        if connection is not None and has_ledger(connection):
            known = {(row.feed, row.file_name, row.sha256) for row in read_files(connection)}
    landed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path, content in (demo_files() | dataset_files(SEED)).items():
            feed, name = path.split("/")[0], path.split("/")[-1]
            if (feed, name, hashlib.sha256(content).hexdigest()) in known:
                continue
            source = Path(folder) / name
            _write(source, content)
            try:
                landed += land_file(settings.landing, source, path)
            except UsageError as error:
                say(f"{error}{os.linesep}the demo does not replace it", err=True)
        if settings.profiles[DEFAULT].is_own:
            for path, content in catalog_files(SEED).items():
                source = Path(folder) / path.split("/")[-1]
                _write(source, content)
                landed += replace_file(settings.landing, source, path)
    return landed
