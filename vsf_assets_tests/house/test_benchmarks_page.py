"""The three points at the top of docs/benchmarks.md are of the figures below them.

Here: that each ratio stands in a table, or in the line below one. Not here: measuring (benchmarks/).
"""

import re

from vsf_assets.config.settings import PROJECT_ROOT

RATIO = re.compile(r"\d+\.\d+ ×")


def test_the_top_says_where_the_platform_wins_and_loses_with_ratios_of_the_tables() -> None:
    text = (PROJECT_ROOT / "docs" / "benchmarks.md").read_text()
    points = " ".join(text[: text.index("\n\nHow fast")].split()).split(" - **")[1:]
    assert [point.split("**")[0] for point in points] == ["It wins", "It loses", "As a service"]
    measured = text[text.index("<!-- machine: begin -->") :]
    for point in points:
        named = RATIO.findall(point)
        assert named
        assert [ratio for ratio in named if ratio not in measured] == [], "measured again: say the new ratio"
