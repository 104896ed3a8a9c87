"""`vsf land`: where files go, and what is refused. Not here: what becomes of them (test_run.py)."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vsf_assets_tests.commandline import Home

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"


def write(folder: Path, name: str, content: str = CLICKS) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def landed(home: Home) -> list[str]:
    return sorted(
        p.relative_to(home.landing).as_posix() for p in home.landing.rglob("*") if p.is_file() and p.name != ".vsf-home"
    )


def test_the_name_tells_feed_and_quarter(home: Home, tmp_path: Path) -> None:
    assert home.vsf("land", str(write(tmp_path, "clicks_3.csv"))).exit_code == 0
    assert landed(home) == ["clicks/3/clicks_3.csv"]


def test_a_folder_is_landed_with_the_quarters_its_folders_tell(home: Home, tmp_path: Path) -> None:
    write(tmp_path, "drop/2/clicks.csv")
    write(tmp_path, "drop/1/conversions_4.csv", "conversion_id,click_id,revenue\n")
    assert home.vsf("land", str(tmp_path / "drop")).exit_code == 0
    assert landed(home) == ["clicks/2/clicks.csv", "conversions/1/conversions_4.csv"]


def test_a_name_beats_the_folder_it_comes_from(home: Home, tmp_path: Path) -> None:
    for name in ("2019-05-20_a.txt.gz", "linedim.csv", "2019-06-01_accountdim.csv", "limitfact.csv"):
        write(tmp_path, f"events/{name}")
    assert home.vsf("land", str(tmp_path / "events")).exit_code == 0
    assert landed(home) == [
        "accounts/2019-06-01_accountdim.csv",
        "events/2019-05-20/2019-05-20_a.txt.gz",
        "limits/limitfact.csv",
        "lines/linedim.csv",
    ]


def test_feed_and_partition_can_be_said(home: Home, tmp_path: Path) -> None:
    assert home.vsf("land", "clicks", str(write(tmp_path, "export.csv")), "--partition", "2").exit_code == 0
    assert landed(home) == ["clicks/2/export.csv"]


def test_a_name_that_tells_no_feed_is_refused_with_the_list_of_feeds(home: Home, tmp_path: Path) -> None:
    outcome = home.vsf("land", str(write(tmp_path, "export.csv")))
    assert outcome.exit_code == 2
    assert "impressions" in outcome.errors
    assert not home.landing.exists()


def test_a_missing_quarter_is_asked_for(home: Home, tmp_path: Path) -> None:
    outcome = home.vsf("land", str(write(tmp_path, "clicks.csv")))
    assert outcome.exit_code == 2
    assert "--partition" in outcome.errors


def test_a_quarter_that_cannot_be_is_refused(home: Home, tmp_path: Path) -> None:
    outcome = home.vsf("land", str(write(tmp_path, "clicks_1.csv")), "--partition", "5")
    assert outcome.exit_code == 2
    assert "1, 2, 3, 4" in outcome.errors


def test_a_day_that_the_name_contradicts_is_refused(home: Home, tmp_path: Path) -> None:
    path = write(tmp_path, "2019-05-20_rs.txt")
    refused = home.vsf("land", "--partition", "2019-05-21", str(path))
    assert (refused.exit_code, "the name says 2019-05-20" in refused.errors) == (2, True)


def test_a_state_says_when_it_takes_effect_where_its_name_does_not(home: Home, tmp_path: Path) -> None:
    names = ("linedim.csv", "2019-06-01_linedim.csv", "limitfact.csv")
    output = home.vsf("land", *(str(write(tmp_path, name)) for name in names)).output
    (told,) = (line for line in output.splitlines() if "takes effect" in line)
    assert told.startswith(f"landed lines/linedim.csv (takes effect today, {datetime.now(UTC).date()};")


def test_a_missing_file_is_named(home: Home) -> None:
    outcome = home.vsf("land", "nowhere/clicks_1.csv")
    assert outcome.exit_code == 2
    assert "nowhere/clicks_1.csv" in outcome.errors


def test_an_equal_pending_file_is_left_alone_and_another_one_refused(home: Home, tmp_path: Path) -> None:
    path = write(tmp_path, "clicks_1.csv")
    home.vsf("land", str(path))
    again = home.vsf("land", str(path))
    assert (again.exit_code, "already pending" in again.output) == (0, True)
    path.write_text(CLICKS + "2,2,3\n")
    other = home.vsf("land", str(path))
    assert other.exit_code == 2
    assert "never replaced" in other.errors
    assert (home.landing / "clicks/1/clicks_1.csv").read_text() == CLICKS


@pytest.mark.parametrize("words", [["clicks"], []])
def test_nothing_to_land_is_wrong_usage(home: Home, words: list[str]) -> None:
    assert home.vsf("land", *words).exit_code == 2


def test_a_folder_without_hard_links_takes_files_too(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    file = write(tmp_path, "clicks_3.csv")
    assert home.vsf("land", str(file)).exit_code == 0
    assert home.vsf("land", str(file)).exit_code == 0
    assert landed(home) == ["clicks/3/clicks_3.csv"]
    assert home.vsf("land", str(write(tmp_path, "other/clicks_3.csv", CLICKS * 2))).exit_code == 2


def test_two_files_for_one_place_are_refused_before_anything_is_landed(home: Home, tmp_path: Path) -> None:
    write(tmp_path, "other/1/conversions.csv")
    first, second = write(tmp_path, "a/clicks_1.csv"), write(tmp_path, "b/clicks_1.csv", CLICKS + "4,5,6\n")
    told = home.vsf("land", str(tmp_path / "other"), str(first), str(second))
    assert told.exit_code == 2
    assert f"{first} and {second} would both be landed as clicks/1/clicks_1.csv" in told.errors
    assert landed(home) == []


def test_equal_files_for_one_place_are_landed_once(home: Home, tmp_path: Path) -> None:
    first, second = write(tmp_path, "a/clicks_1.csv"), write(tmp_path, "b/clicks_1.csv")
    assert home.vsf("land", str(first), str(second)).exit_code == 0
    assert landed(home) == ["clicks/1/clicks_1.csv"]
