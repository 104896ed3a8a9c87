"""Lists every generated file of the project and writes the stale ones: the command behind `make generated`.

Here: which files are generated, and writing the stale ones. Not here: their content; each generator has its own module.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.devtools import data_dictionary, data_model, feeds_table, import_order, ready_questions_page
from vsf_assets.devtools.dbt_generator import dbt_files
from vsf_assets.transform.dbt_paths import DBT_PROJECT

HEAD = "Generated from "
"""Text of the first line of a completely generated file, after the comment sign."""


def generated_files() -> dict[Path, str]:
    """Return every generated file, or file with a generated block, with the text that it must have now."""
    return {
        **dbt_files(),
        data_dictionary.PAGE: data_dictionary.current_page(),
        data_model.PAGE: data_model.current_page(),
        import_order.PAGE: import_order.with_picture(import_order.PAGE.read_text(encoding="utf-8")),
        ready_questions_page.PAGE: ready_questions_page.current_page(),
        feeds_table.PAGE: feeds_table.with_table(feeds_table.PAGE.read_text(encoding="utf-8")),
    }


def stale_files() -> dict[Path, str]:
    """Return the generated files that are missing or outdated, with the text that they must have."""
    return {path: text for path, text in generated_files().items() if not path.exists() or _read(path) != text}


def orphans() -> list[Path]:
    """Return files of the dbt project with the mark of generated files that no generator writes any more."""
    folders = [DBT_PROJECT / folder for folder in ("macros", "models", "tests")]
    files = (path for folder in folders for path in folder.rglob("*.*") if path.is_file())
    known = generated_files()
    return [path for path in sorted(files) if path not in known and HEAD in _read(path).partition("\n")[0]]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write stale files and remove orphans with `--write`, else only print them; return 1 if any remain."""
    is_writing = "--write" in arguments
    stale, gone = stale_files(), orphans()
    for path, text in stale.items():
        if is_writing:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{'wrote' if is_writing else 'stale:'} {path.relative_to(PROJECT_ROOT)}\n")
    for path in gone:
        if is_writing:
            path.unlink()
        sys.stdout.write(f"{'removed' if is_writing else 'orphan:'} {path.relative_to(PROJECT_ROOT)}\n")
    return 1 if (stale or gone) and not is_writing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
