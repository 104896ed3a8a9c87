"""`vsf land`: where files go, and what is refused. Not here: what becomes of them (test_run.py)."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vsf_assets.runs.service_state import ServiceState, service_folder
from vsf_assets.service.state import write_state
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.rights import like_other_users

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


def test_the_next_step_is_a_run_unless_the_service_of_the_home_runs(home: Home, tmp_path: Path) -> None:
    file = str(write(tmp_path, "clicks_3.csv"))
    assert home.vsf("land", file).output.splitlines()[-1] == "next: vsf run"
    service_folder(home.path).mkdir(parents=True)
    now = datetime.now(UTC).isoformat()
    write_state(home.path, ServiceState(os.getpid(), now, "http://127.0.0.1:3000"))
    assert "the service of this home loads it now" in home.vsf("land", file).output
    for pid, since in ((os.getpid(), "2001-01-01T00:00:00Z"), (os.getpid(), "?")):
        write_state(home.path, ServiceState(pid, since, "http://127.0.0.1:3000"))
        assert home.vsf("land", file).output.splitlines()[-1] == "next: vsf run"


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


def test_a_name_that_two_feeds_claim_is_refused_until_a_word_or_a_folder_settles_it(home: Home, tmp_path: Path) -> None:
    file = write(tmp_path, "drop/events_clicks_1.csv")
    for given in (file, file.parent):
        outcome = home.vsf("land", str(given))
        assert outcome.exit_code == 2
        assert "its name is one of clicks and events; put it into the folder of its feed" in outcome.errors
        assert f"vsf land clicks {file} or vsf land events {file}" in outcome.errors
    assert landed(home) == []
    assert home.vsf("land", "clicks", str(file)).exit_code == 0
    assert home.vsf("land", str(write(tmp_path, "clicks/2/clicks_events.csv"))).exit_code == 2
    assert home.vsf("land", str(tmp_path / "clicks")).exit_code == 0
    assert landed(home) == ["clicks/1/events_clicks_1.csv", "clicks/2/clicks_events.csv"]


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
    (reported,) = (line for line in output.splitlines() if "takes effect" in line)
    assert reported.startswith(f"landed lines/linedim.csv (takes effect today, {datetime.now(UTC).date()};")


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
    reported = home.vsf("land", str(tmp_path / "other"), str(first), str(second))
    assert reported.exit_code == 2
    assert f"{first} and {second} would both be landed as clicks/1/clicks_1.csv" in reported.errors
    assert landed(home) == []


def test_equal_files_for_one_place_are_landed_once(home: Home, tmp_path: Path) -> None:
    first, second = write(tmp_path, "a/clicks_1.csv"), write(tmp_path, "b/clicks_1.csv")
    assert home.vsf("land", str(first), str(second)).exit_code == 0
    assert landed(home) == ["clicks/1/clicks_1.csv"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x.part", "names that end in .part are of unfinished transfers"),
        ("x.csv.tmp", "names that end in .tmp are of unfinished transfers"),
        ("clicks_1.csv.crdownload", "Chrome"),
        ("x.done", "names that end in .done mark another file as whole"),
        (".clicks_1.csv", "names that begin with a dot are hidden files"),
        ("Thumbs.db", "the desktop or an office program keeps it for itself"),
    ],
)
def test_what_would_never_be_loaded_is_refused_with_the_reason(
    home: Home, tmp_path: Path, name: str, says: str
) -> None:
    good, bad = write(tmp_path, "clicks_1.csv"), write(tmp_path, name)
    for words in ([str(bad)], ["clicks", str(bad), "--partition", "1"], [str(good), str(bad)]):
        reported = home.vsf("land", *words)
        assert (reported.exit_code, says in reported.errors, "Nothing was landed" in reported.errors) == (2, True, True)
    assert landed(home) == []


def test_what_is_no_delivery_in_a_folder_is_skipped_and_the_rest_lands(home: Home, tmp_path: Path) -> None:
    for name in ("clicks_1.csv", "Thumbs.db", "desktop.ini", ".DS_Store", "notes.txt", "clicks_2.csv.part"):
        write(tmp_path, f"drop/{name}")
    os.mkfifo(tmp_path / "drop" / "clicks_3.csv")
    reported = home.vsf("land", str(tmp_path / "drop"))
    assert (reported.exit_code, landed(home)) == (0, ["clicks/1/clicks_1.csv"])
    skipped = [line for line in reported.output.splitlines() if line.startswith("skipped ")]
    assert [line.split(": ")[0].rpartition("/")[2] for line in skipped] == [
        *(".DS_Store", "Thumbs.db", "clicks_2.csv.part", "clicks_3.csv", "desktop.ini", "notes.txt")
    ]
    assert skipped[-1].endswith("notes.txt: the name tells no feed; to land it, say which: vsf land FEED PATH")


def test_a_folder_with_nothing_to_land_is_refused_with_what_can_be_done(home: Home, tmp_path: Path) -> None:
    write(tmp_path, "drop/notes.txt")
    reported = home.vsf("land", str(tmp_path / "drop"))
    assert (reported.exit_code, f"vsf land FEED {tmp_path}/drop" in reported.errors) == (2, True)
    write(tmp_path, "junk/Thumbs.db")
    assert "holds nothing that can be landed" in home.vsf("land", str(tmp_path / "junk")).errors


DICTIONARY = ("namespaces.csv", "columns.csv", "datapoints.csv")


@pytest.mark.parametrize("given", ["steward_one", "steward_one/", ".", "../steward_one", "../drop"])
def test_a_folder_of_exactly_the_three_files_lands_as_the_dataset_of_its_name(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    for name in (*DICTIONARY, ".DS_Store"):
        write(tmp_path, f"drop/steward_one/{name}", "x\n")
    monkeypatch.chdir(tmp_path / "drop" / ("steward_one" if given.startswith(".") and given != "../drop" else ""))
    reported = home.vsf("land", given)
    assert (reported.exit_code, landed(home)) == (0, sorted(f"datasets/steward_one/{name}" for name in DICTIONARY))


def test_a_dataset_can_be_given_another_name(home: Home, tmp_path: Path) -> None:
    for name in DICTIONARY:
        write(tmp_path, f"a/{name}", "x\n")
    assert home.vsf("land", str(tmp_path / "a"), "--partition", "funds").exit_code == 0
    assert landed(home) == sorted(f"datasets/funds/{name}" for name in DICTIONARY)


def test_a_folder_that_is_nearly_a_dataset_is_refused_with_advice_that_works(home: Home, tmp_path: Path) -> None:
    for name in (*DICTIONARY[:2], "notes.txt"):
        write(tmp_path, f"a/{name}", "x\n")
    reported = home.vsf("land", str(tmp_path / "a"))
    files = [f"{tmp_path}/a/columns.csv", f"{tmp_path}/a/namespaces.csv"]
    assert (reported.exit_code, f"vsf land datasets {' '.join(files)}" in reported.errors) == (2, True)
    assert home.vsf("land", "datasets", *files).exit_code == 0
    assert landed(home) == ["datasets/a/columns.csv", "datasets/a/namespaces.csv"]


def test_a_source_that_cannot_be_read_is_refused_before_anything_is_landed(home: Home, tmp_path: Path) -> None:
    good = write(tmp_path, "clicks_1.csv")
    os.mkfifo(tmp_path / "clicks_2.csv")
    write(tmp_path, "clicks_3.csv").chmod(0)
    (tmp_path / "clicks_4.csv").symlink_to("nowhere")
    write(tmp_path, "closed/clicks_1.csv").parent.chmod(0)
    expected = {
        "clicks_2.csv": "it is a pipe and not a file; land files",
        "clicks_3.csv": "reading it is not permitted",
        "clicks_4.csv": "is a link to something that is not there",
        "closed": "reading it is not permitted",
        "closed/clicks_1.csv": "reading it is not permitted",
    }
    with like_other_users():
        reported = {name: home.vsf("land", str(good), str(tmp_path / name)) for name in expected}
        whole = home.vsf("land", str(tmp_path))
    assert dict.fromkeys(expected, (2, True)) == {
        name: (outcome.exit_code, expected[name] in outcome.errors) for name, outcome in reported.items()
    }
    assert whole.exit_code == 2
    assert landed(home) == []


def test_a_place_that_no_listing_shows_is_refused(home: Home, tmp_path: Path) -> None:
    for name in DICTIONARY:
        write(tmp_path, f"funds.bak/{name}", "x\n")
    reported = home.vsf("land", str(tmp_path / "funds.bak"))
    assert (reported.exit_code, "names that end in .bak are of copies" in reported.errors, landed(home)) == (
        2,
        True,
        [],
    )
    home.landing.mkdir(exist_ok=True)
    (home.landing / "clicks").symlink_to(tmp_path)
    reported = home.vsf("land", str(write(tmp_path, "clicks_1.csv")))
    assert (reported.exit_code, f"{home.landing}/clicks is a link to a folder" in reported.errors) == (2, True)
    assert not (tmp_path / "1").exists()


def test_something_else_of_the_name_in_the_landing_zone_is_named(home: Home, tmp_path: Path) -> None:
    (home.landing / "clicks" / "1").mkdir(parents=True)
    (home.landing / "clicks" / "1" / "clicks_1.csv").symlink_to("nowhere")
    reported = home.vsf("land", str(write(tmp_path, "clicks_1.csv")))
    assert (reported.exit_code, "is there already and cannot be compared" in reported.errors) == (2, True)
