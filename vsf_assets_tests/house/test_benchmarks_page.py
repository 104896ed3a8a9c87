"""The three points at the top of docs/benchmarks.md are of the figures below them.

Here: that they are made from the tables, and say of each figure whether it is won or lost. Not here: measuring
(benchmarks/).
"""

import pytest

from benchmarks.headline import BESIDE, SERVICE, with_headline
from vsf_assets.config.settings import PROJECT_ROOT

PAGE = """# Benchmarks

- old

How fast the platform is.

<!-- catalog: begin -->
Measured on a day, at commit 12345678.

| what | ours | reference | ratio | target | met |
| --- | --- | --- | --- | --- | --- |
| catalog / one after another with json and SQLite | 2.00 s (1.00 to 3.00) | 8.00 s | 0.25 × | ≤ 0.3 × | yes |
| catalog / 16 connections alone | 2.00 s | 1.00 s | 2.00 × |  |  |
<!-- catalog: end -->
<!-- ingest: begin -->
Measured on a day.

| ingest of impressions / bare DuckDB `read_csv` | 1.00 s | 2.00 s | 0.50 × | ≤ 1.5 × | yes |
| ingest of clicks / bare DuckDB `read_csv` | 3.00 s | 2.00 s | 1.50 × | ≤ 1.5 × | yes |
<!-- ingest: end -->
<!-- growth: begin -->
Not measured yet.
<!-- growth: end -->
"""


def test_the_top_is_made_from_the_tables() -> None:
    page = (PROJECT_ROOT / "docs" / "benchmarks.md").read_text()
    assert with_headline(page) == page, "say at the top what the tables say: python -m benchmarks.measured_page"
    parts = {claim.part for claim in (*BESIDE, *SERVICE)}
    assert [part for part in parts if f"<!-- {part}: begin -->" not in page] == []


def test_a_ratio_below_one_is_won_and_a_range_beyond_it_lost() -> None:
    top = with_headline(PAGE).split("\n\nHow fast")[0]
    assert " ".join(top.split()) == (
        "# Benchmarks - **It wins** where it takes less time than the other side: a catalog 0.25 × of one request after"
        " another. - **It loses** where it takes more, mostly beside what checks and keeps nothing: campaign files"
        " 0.50 × to 1.50 × of bare DuckDB. - **As a service**: nothing is measured yet."
    )


def test_a_figure_whose_row_has_other_words_is_missed() -> None:
    with pytest.raises(LookupError, match="no line of catalog is like 'one after another'"):
        with_headline(PAGE.replace("one after another", "in turn"))
