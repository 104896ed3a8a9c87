"""`vsf report anomalies`: the findings of a feed or a dataset as a file.

Here: options and printed messages. Not here: the content of the file (reports/).
"""

from collections import Counter
from pathlib import Path

import click

from vsf_assets.cli.output import say
from vsf_assets.cli.output_option import STANDARD_OUTPUT, format_of_output, name_of, open_output, output_option
from vsf_assets.cli.query import snapshot_of
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import read_settings
from vsf_assets.reports.dataset_rows import find_version
from vsf_assets.reports.finding_queries import dataset_findings, feed_findings
from vsf_assets.reports.finding_writers import WRITERS


@click.command("anomalies")
@click.option("--dataset", metavar="NAME", help="a dataset")
@click.option("--version", type=int, metavar="V", help="one of its versions; default: the newest")
@click.option("--feed", metavar="FEED", help="a feed, e.g. events")
@click.option("--partition", metavar="KEY", help="only this partition of the feed")
@click.option("--format", "form", type=click.Choice(list(WRITERS)), help="default: the extension of -o, else csv")
@output_option("file to write: .csv, .json or .html")
def anomalies(
    dataset: str | None,
    version: int | None,
    feed: str | None,
    partition: str | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Write the findings of a dataset or a feed.

    For a dataset its newest version is reported, complete or not, unless --version names another; the output names it.
    CSV has one line per finding, JSON one object. HTML is a page with counts per anomaly and day, and samples.
    Without -o the file is anomalies_report.csv (.json, .html) in reports/ of VSF_HOME.
    """
    if (dataset is None) == (feed is None):
        raise UsageError("name either a feed (--feed) or a dataset (--dataset)")
    if (version is not None and dataset is None) or (partition is not None and feed is None):
        raise UsageError("--version belongs to --dataset, --partition to --feed")
    settings = read_settings()
    chosen = format_of_output(form, output, list(WRITERS), "csv")
    path = output or settings.home / "reports" / f"anomalies_report.{chosen}"
    with snapshot_of(settings) as connection:
        if dataset is not None:
            chosen_version = find_version(connection, dataset, version, newest=True)
            findings = dataset_findings(dataset, chosen_version.number, chosen_version.is_complete)
        else:
            findings = feed_findings(connection, feed or "", partition)
        with open_output(path) as file:
            WRITERS[chosen](connection, findings, file)
        kinds = Counter[str]()
        for kind, _, _, count in findings.counts(connection):
            kinds[kind] += count
    is_printed = path == STANDARD_OUTPUT
    say(f"wrote {kinds.total():,} findings on {findings.title} to {name_of(path)}", err=is_printed)
    for kind, count in sorted(kinds.items()):
        say(f"  {kind}: {count:,}", err=is_printed)
