"""`vsf report`: report files made from the current snapshot."""

from pathlib import Path

import click

from vsf_assets.cli.output import render, say
from vsf_assets.cli.output_option import STANDARD_OUTPUT, format_of_output, name_of, open_output, output_option
from vsf_assets.cli.query import json_rows, query_snapshot
from vsf_assets.cli.report_anomalies import anomalies
from vsf_assets.cli.report_datapoints import datapoints, next_choices
from vsf_assets.cli.report_explain import explain
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import read_settings

_FORMATS = ("json", "csv")


@click.group("report")
def command() -> None:
    """Write a report file."""


@command.command("scores")
@click.option("--campaign", type=int, help="only this campaign")
@click.option("--quarter", type=click.IntRange(1, 4), help="only this quarter")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="default: the extension of -o; csv for -o -")
@output_option("file to write, .json or .csv")
def scores(campaign: int | None, quarter: int | None, form: str | None, output: Path | None) -> None:
    """Write the chosen banners of each campaign and quarter.

    Without -o both campaign_scores.json and campaign_scores.csv are written to reports/ in VSF_HOME.
    """
    settings = read_settings()
    folder = settings.home / "reports"
    chosen = format_of_output(form, output, _FORMATS, "csv")
    names = [form] if form else list(_FORMATS)
    outputs = {folder / f"campaign_scores.{name}": name for name in names} if output is None else {output: chosen}
    conditions = [f"campaign_id = {campaign}"] * (campaign is not None) + [f"quarter = {quarter}"] * (
        quarter is not None
    )
    sql = (
        "select campaign_id, quarter, rank, banner_id, revenue, conversions, clicks, rule"  # noqa: S608
        f" from marts.fct_campaign_scores where {' and '.join(conditions) or 'true'} order by 1, 2, 3"
    )
    for path, name in outputs.items():
        answer = query_snapshot(settings, sql, name)
        if not answer.rows:
            raise UsageError("no banner is chosen for this campaign and quarter; see: vsf status")
        if name == "json":
            text = "[\n" + ",\n".join(json_rows(answer)) + "\n]"
        else:
            text = render(answer.names, answer.rows, "csv")
        with open_output(path, len(text)) as file:
            file.write(f"{text}\n")
        say(f"wrote {len(answer.rows):,} banners to {name_of(path)}", err=path == STANDARD_OUTPUT)


for _subcommand in (anomalies, datapoints, explain, next_choices):
    command.add_command(_subcommand)
