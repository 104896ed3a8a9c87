"""`vsf report`: report files made from the current snapshot."""

from pathlib import Path

import click

from vsf_assets.cli.output import render, say
from vsf_assets.cli.query import json_rows, query_snapshot
from vsf_assets.cli.report_anomalies import anomalies
from vsf_assets.cli.report_datapoints import datapoints, next_choices
from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import read_settings
from vsf_assets.storage.full_disk import room_for


@click.group("report")
def command() -> None:
    """Write a report file."""


@command.command("scores")
@click.option("--campaign", type=int, help="only this campaign")
@click.option("--quarter", type=click.IntRange(1, 4), help="only this quarter")
@click.option("-o", "output", type=click.Path(path_type=Path), help="file to write, .json or .csv")
def scores(campaign: int | None, quarter: int | None, output: Path | None) -> None:
    """Write the chosen banners of each campaign and quarter.

    Without -o both campaign_scores.json and campaign_scores.csv are written to reports/ in VSF_HOME.
    """
    settings = read_settings()
    folder = settings.home / "reports"
    outputs = [output] if output else [folder / "campaign_scores.json", folder / "campaign_scores.csv"]
    for path in outputs:
        if path.suffix not in (".json", ".csv"):
            raise UsageError(f"{path}: the name must end in .json or .csv")
    conditions = [f"campaign_id = {campaign}"] * (campaign is not None) + [f"quarter = {quarter}"] * (
        quarter is not None
    )
    sql = (
        "select campaign_id, quarter, rank, banner_id, revenue, conversions, clicks, rule"  # noqa: S608
        f" from marts.fct_campaign_scores where {' and '.join(conditions) or 'true'} order by 1, 2, 3"
    )
    for path in outputs:
        answer = query_snapshot(settings, sql, path.suffix.removeprefix("."))
        if not answer.rows:
            raise UsageError("no banner is chosen for this campaign and quarter; see: vsf status")
        if path.suffix == ".json":
            text = "[\n" + ",\n".join(json_rows(answer)) + "\n]"
        else:
            text = render(answer.names, answer.rows, "csv")
        with room_for(path.name, path.parent, len(text)):
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, f"{text}\n".encode(), is_durable=False)
        say(f"wrote {len(answer.rows):,} banners to {path}")


for _subcommand in (anomalies, datapoints, next_choices):
    command.add_command(_subcommand)
