"""dbt's documentation as one file: made without a network, complete, and a browser fetches nothing for it."""

import re

import pytest

from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.devtools.dbt_docs import PAGE, page
from vsf_assets_tests.docs.pages import text_of
from vsf_assets_tests.prebuilt import put_built_warehouse


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a warehouse in which all is built, and empty; tests only ask it."""
    settings = read_settings({"VSF_HOME": str(tmp_path_factory.mktemp("docs"))})
    put_built_warehouse(settings)
    return page(settings)


def test_the_page_has_every_model_with_its_columns(html: str) -> None:
    models = {path.stem for path in (PROJECT_ROOT / "dbt_project" / "models").rglob("*.sql")}
    assert [name for name in models if f'"model.vsf.{name}"' not in html] == []
    assert "Phone lines and their history. One row per version of a line" in html
    # The catalog of the database is in it, not only the manifest: types as DuckDB says them.
    assert re.search(r'"service_activation_date": \{"type": "DATE"', html)


def test_a_browser_may_fetch_nothing_and_the_tracker_is_off(html: str) -> None:
    policy = re.search(r'<head><meta http-equiv="Content-Security-Policy" content="([^"]+)">', html)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules.pop("default-src") == "'none'"
    assert set(" ".join(rules.values()).split()) <= {"'unsafe-inline'", "'unsafe-eval'", "data:"}
    assert '"send_anonymous_usage_stats": false' in html
    assert '"send_anonymous_usage_stats": true' not in html


def test_git_ignores_the_page_and_the_guide_says_where_it_is() -> None:
    place = PAGE.relative_to(PROJECT_ROOT).as_posix()
    assert f"/{place.split('/')[0]}/" in text_of(".gitignore").splitlines()
    assert place in text_of("CONTRIBUTING.md")
