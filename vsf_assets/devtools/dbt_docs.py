"""Generates dbt's documentation of the models as one HTML file: columns, lineage, compiled SQL.

Here: generating it from a warehouse in which every table is built and empty, so that no home is opened and the page
holds no data. Not here: the pages in docs/, which are in git. `make docs` writes it to build/dbt-docs/index.html.
"""

import sys
import tempfile
from collections.abc import Sequence

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import PROJECT_ROOT, Settings, read_settings
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse, ensure_tables

PAGE = PROJECT_ROOT / "build" / "dbt-docs" / "index.html"
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:;"
    " font-src data:"
)
"""Content security policy: a browser loads only the content of the file. dbt's page has a tracker, which is off."""


def build_tables(settings: Settings) -> None:
    """Build every model in an empty warehouse of a home.

    Raises:
        VsfError: a model could not be built.
    """
    warehouse = Warehouse.of(settings)
    with warehouse.connect() as connection:
        ensure_tables(connection)
    _run(settings, ["run"])


def page(settings: Settings) -> str:
    """Return the HTML of a home in whose warehouse every model is built.

    Raises:
        VsfError: dbt could not make it.
    """
    _run(settings, ["docs", "generate", "--static"])
    html = (settings.home / "dbt" / "static_index.html").read_text(encoding="utf-8")
    head, tag, rest = html.partition("<head>")
    if not tag:
        raise VsfError("dbt's page has no <head>; vsf_assets/devtools/dbt_docs.py puts its policy there")
    return f'{head}{tag}<meta http-equiv="Content-Security-Policy" content="{_POLICY}">{rest}'


def _run(settings: Settings, arguments: Sequence[str]) -> None:
    with Warehouse.of(settings).building() as target:
        result, _ = dbt.invoke(settings, target, arguments)
    if not result.success:
        raise VsfError(f"dbt {' '.join(arguments)} failed: {result.result}")


def main() -> int:
    """Write the page and print its path."""
    with tempfile.TemporaryDirectory(prefix="vsf-docs-") as home:
        settings = read_settings({"VSF_HOME": home})
        build_tables(settings)
        html = page(settings)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(html, encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}; open it in a browser\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
