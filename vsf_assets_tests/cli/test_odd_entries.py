"""Odd entries of the landing zone on the command line: what is said of them, and the exit codes.

Not here: what is listed (unit/test_folder_listing.py) and what becomes of the files beside them (engine/).
"""

import json
import os
import sys
from collections.abc import Callable

import pytest

from vsf_assets.cli.main import main
from vsf_assets.landing.home_marker import MARKER
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home, Outcome
from vsf_assets_tests.odd import HARMLESS, put_harmless
from vsf_assets_tests.rights import like_other_users

CLICKS = "click_id,banner_id,campaign_id\n{0},2,3\n"
COUNT = (
    "12 left out: 3 unfinished, 2 hidden, 1 broken link, 1 linked folder, 1 looping link, 1 lost+found, 1 old copy,"
    " 1 pipe, 1 socket; vsf status --left-out lists them"
)


def close_one(home: Home) -> None:
    """Put a folder into the landing zone that may not be read."""
    home.drop({"closed/clicks_1_closed.csv": CLICKS.format(7)})
    (home.landing / "closed").chmod(0)


@pytest.mark.both_forms
def test_status_counts_what_is_left_out_and_ends_with_0(home: Home) -> None:
    put_harmless(home.landing)
    said = home.vsf("status")
    assert (said.exit_code, COUNT in said.output.splitlines()) == (0, True)
    machine = home.vsf("status", "--format", "json")
    assert (machine.exit_code, json.loads(machine.output), machine.errors) == (0, [], COUNT + "\n")


def test_status_lists_what_is_left_out_with_what_to_do(home: Home) -> None:
    assert home.vsf("status", "--left-out").output == "nothing is left out\n"
    put_harmless(home.landing)
    rows = json.loads(home.vsf("status", "--left-out", "--format", "json").output)
    assert {row["path"]: row["kind"] for row in rows} == HARMLESS
    assert {row["path"]: (row["reason"], row["what_to_do"]) for row in rows}["linked"] == (
        "it is a link to a folder, which is not followed",
        "put the files here, or set VSF_LANDING to the folder it leads to",
    )
    header, *lines = home.vsf("status", "--left-out", "--format", "csv").output.splitlines()
    assert (header, len(lines)) == ("path,kind,reason,what_to_do,is_error", 12)
    table = home.vsf("status", "--left-out").output
    assert "pipe: clicks_1_pipe.csv is left out: it is a pipe (FIFO) and holds no file; what to do: remove it" in table


def said_by_a_run(said: Outcome) -> set[str]:
    """Return the paths that a run says are left out, each once."""
    lines = [line for line in said.errors.splitlines() if " is left out: " in line]
    paths = [line.removeprefix("vsf: ").split(" is left out: ")[0] for line in lines]
    assert len(paths) == len(set(paths))
    return set(paths)


def test_a_run_loads_the_good_files_and_says_of_each_other_one_what_to_do(home: Home) -> None:
    put_harmless(home.landing)
    home.drop({f"clicks_1_{number}.csv": CLICKS.format(number) for number in range(20)})
    with built_directly():
        said = home.vsf("run")
    assert (said.exit_code, said.output.count("loaded")) == (0, 21)  # a file each, and the header
    assert said_by_a_run(said) == {path for path, kind in HARMLESS.items() if kind != "hidden"}
    assert home.ask("select count(*) from raw.clicks") == [(20,)]
    home.drop({"clicks_1_more.csv": CLICKS.format(99)})
    close_one(home)
    with like_other_users(), built_directly():
        again = home.vsf("run")
    assert (again.exit_code, home.ask("select count(*) from raw.clicks")) == (1, [(21,)])
    assert "vsf: closed is left out: reading it is not permitted; what to do: let the user who runs" in again.errors


@pytest.mark.both_forms
def test_with_nothing_pending_a_run_says_it_too(home: Home) -> None:
    put_harmless(home.landing)
    said = home.vsf("run")
    assert (said.exit_code, "nothing is pending" in said.output) == (0, True)
    assert len(said_by_a_run(said)) == 10


@pytest.mark.parametrize("words", [["run"], ["status"], ["status", "--left-out"], ["status", "--format", "csv"]])
def test_what_may_not_be_read_ends_a_command_with_1(home: Home, words: list[str]) -> None:
    close_one(home)
    with like_other_users():
        said = home.vsf(*words)
    assert said.exit_code == 1
    assert "closed is left out: reading it is not permitted; what to do: let the user who runs this read" in said.errors


def test_a_landing_zone_of_another_home_ends_a_command_with_1(home: Home) -> None:
    home.drop({MARKER: json.dumps({"id": "x", "home": "/srv/other", "host": "elsewhere"})})
    (home.path / "warehouse").mkdir(exist_ok=True)
    (home.path / "warehouse" / "home-id").write_text("y")
    for words in (["run"], ["status"], ["status", "--left-out"]):
        said = home.vsf(*words)
        assert (said.exit_code, "belongs to another home: /srv/other on elsewhere" in said.errors) == (1, True)


def test_a_landing_zone_that_cannot_be_listed_is_an_error(home: Home) -> None:
    home.landing.mkdir()
    home.landing.chmod(0)
    with like_other_users():
        said = home.vsf("run"), home.vsf("status")
    assert [(outcome.exit_code, str(home.landing) in outcome.errors) for outcome in said] == [(1, True)] * 2


def test_a_schema_that_is_a_pipe_is_not_waited_for(home: Home) -> None:
    pipe = home.path / "people.yaml"
    os.mkfifo(pipe)
    said = home.vsf("generate", str(pipe), "--rows", "1")
    assert said.exit_code in (1, 2)
    assert f"{pipe}: it is a pipe and not a file; save the schema as a file" in said.errors


@pytest.mark.parametrize("kind", ["file", "pipe", "broken link"])
def test_something_else_called_catalog_is_no_source(home: Home, kind: str) -> None:
    home.landing.mkdir()
    make: dict[str, Callable[[], object]] = {
        "file": lambda: (home.landing / "catalog").write_text("x"),
        "pipe": lambda: os.mkfifo(home.landing / "catalog"),
        "broken link": lambda: (home.landing / "catalog").symlink_to("nowhere"),
    }
    make[kind]()
    said = home.vsf("run")
    assert (said.exit_code, "nothing is pending" in said.output) == (0, True)


def test_a_home_of_another_user_is_told_with_what_to_do(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.drop({"clicks_1_a.csv": CLICKS.format(1)})
    lock = home.path / "warehouse" / "warehouse.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch(0o400)
    monkeypatch.setattr(sys, "argv", ["vsf", "run"])
    with like_other_users(), pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith(f"vsf: the warehouse may not be written: {lock} belongs to ")
    assert "read and write access (chmod, chown), or run the command as its owner" in said
    assert said.count("\n") == 1
