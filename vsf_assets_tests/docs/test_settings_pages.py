"""Settings are documented in .env.example and docs/architecture.md, with the defaults that hold."""

import re

from vsf_assets.config.variables import VARIABLES
from vsf_assets_tests.docs.pages import table_rows, text_of


def test_the_example_file_has_every_setting_with_its_default_and_meaning() -> None:
    found = re.findall(r"^# (.+)\n#(VSF_\w+)=(.*)$", text_of(".env.example"), re.MULTILINE)
    assert found == [(v.meaning, v.name, v.default) for v in VARIABLES]


def test_the_example_file_sets_nothing_by_itself() -> None:
    lines = text_of(".env.example").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_the_architecture_page_lists_every_setting_with_its_default_and_meaning() -> None:
    found = [row for row in table_rows(text_of("docs/architecture.md")) if row[0].startswith("`VSF_")]
    assert found == [[f"`{v.name}`", f"`{v.default}`" if v.default else "", v.meaning] for v in VARIABLES]
