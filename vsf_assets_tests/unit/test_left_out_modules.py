"""Modules that are left out of imports, and come back afterwards; dbt's process that begins before the survey.

Here: the tricks with imports, each in a process of its own. Not here: what `vsf run` does (cli/).
"""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from vsf_assets.cli import run
from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.resources.run_handover import Spare


def printed(tmp_path: Path, program: str) -> str:
    """Run a program where a package `big` exists that imports slowly, and return what it prints."""
    package = tmp_path / "big"
    (package / "part").mkdir(parents=True)
    (package / "__init__.py").write_text("print('big imported')\nvalue = 1\n")
    (package / "part" / "__init__.py").write_text("")
    (package / "part" / "deep.py").write_text("def work(): return 2\n")
    (tmp_path / "user.py").write_text(
        "from big import value\nfrom big.part.deep import work, Thing\nimport big.part\nclass Mine(Thing): pass\n"
    )
    paths = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(PROJECT_ROOT)!r}]\n"
    done = subprocess.run([sys.executable, "-c", paths + program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


LEAVE_OUT = "from vsf_assets.common.interpreter_tricks import left_out_modules\n"


def test_a_module_that_is_left_out_is_not_imported_and_comes_back_afterwards(tmp_path: Path) -> None:
    program = LEAVE_OUT + (
        "with left_out_modules(['big']):\n    import user\n"
        "assert not [name for name in sys.modules if name.startswith('big')]\n"
        "print('now'); import big; print(big.value)\n"
        "from big.part.deep import work; print(work())\n"
    )
    assert printed(tmp_path, program).split("\n")[:-1] == ["now", "big imported", "1", "2"]


def test_an_object_of_what_was_left_out_cannot_be_made_and_the_message_says_why(tmp_path: Path) -> None:
    program = LEAVE_OUT + (
        "with left_out_modules(['big']):\n    import user\n"
        "for make in (user.work, user.Mine, user.value):\n"
        "    try:\n        make(1, name=2)\n    except ImportError as error:\n        print(error)\n"
    )
    assert printed(tmp_path, program) == (
        "big.part.deep is left out of this process, which does not use it\n"
        "big.part.deep is left out of this process, which does not use it\n"
        "big is left out of this process, which does not use it\n"
    )


def test_a_module_that_is_imported_already_stays_as_it_is(tmp_path: Path) -> None:
    program = LEAVE_OUT + (
        "import big\nwith left_out_modules(['big']):\n    from big import value\n"
        "print(value, big is sys.modules['big'])\n"
    )
    assert printed(tmp_path, program) == "big imported\n1 True\n"


def test_definitions_import_dagster_dbt_without_what_nobody_uses(tmp_path: Path) -> None:
    program = (
        "import vsf_assets.defs.dbt_specs\n"
        "unused = ('sqlglot', 'requests', 'grpc', 'dagster_dbt.cloud', 'dagster_dbt.components')\n"
        "print([name for name in unused if name in sys.modules])\n"
        "import sqlglot; print(sqlglot.parse_one('select 1').sql())\n"
    )
    assert printed(tmp_path, program) == "[]\nSELECT 1\n"


@pytest.mark.parametrize(
    ("landed", "spare", "is_parsed", "begins"),
    [
        ("clicks/clicks_1.csv", None, True, True),
        ("clicks/clicks_1.csv", Spare(1, "/socket"), True, False),
        ("clicks/clicks_1.csv", Spare(4_194_999, "/socket"), True, True),
        ("clicks/clicks_1.csv", None, False, False),
        ("clicks/.hidden", None, True, False),
    ],
    ids=["a file waits", "a spare process is there", "it has ended", "models have changed", "only a hidden file"],
)
def test_dbt_begins_before_the_survey_only_where_work_is_likely(
    landed: str, spare: Spare | None, is_parsed: bool, begins: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings({"VSF_HOME": str(tmp_path)})
    (Path(settings.landing) / landed).parent.mkdir(parents=True)
    (Path(settings.landing) / landed).touch()
    monkeypatch.setattr(run, "read_spare", lambda _: spare)
    monkeypatch.setattr("vsf_assets.transform.dbt_runner.is_parsed", lambda _: is_parsed)
    begun = nullcontext()
    monkeypatch.setattr("vsf_assets.transform.dbt_process.dbt_in_advance", lambda _: begun)
    assert (run._dbt_beside(settings) is begun) is begins
