"""Names and cells of report files."""

from pathlib import Path

import pytest

from vsf_assets.common.errors import UsageError
from vsf_assets.reports.output_files import atomic_file, check_name, harmless


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\n=1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_a_text(cell: str) -> None:
    assert harmless(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["a=1", "", None, 7, -1, "'=1"])
def test_other_cells_stay(cell: object) -> None:
    assert harmless(cell) == cell


@pytest.mark.parametrize("name", ["a.txt", ".csv", ".hidden.csv", "a\x00.csv", "x" * 200 + ".csv", "a"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        check_name(tmp_path / name, [".csv"])


def test_a_report_is_there_as_a_whole_or_not(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.csv"
    with pytest.raises(ZeroDivisionError), atomic_file(path) as file:
        file.write("half")
        raise ZeroDivisionError
    assert list(path.parent.iterdir()) == []
    with atomic_file(path) as file:
        file.write("a\n")
    assert path.read_text() == "a\n"
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        check_name(tmp_path / "folder.csv", [".csv"])


def test_a_file_where_a_folder_should_be_is_named_in_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UsageError, match=r"file/a\.csv cannot be written: .*/file: .*; name another file"),
        atomic_file(tmp_path / "file" / "a.csv"),
    ):
        pass
