"""Requests for made-up files through `vsf`: a dropped request becomes a file, and its state can be seen."""

import csv
import io

from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home

SCHEMA = "name: people\nseparator: tab\ncolumns:\n- {name: name, type: Full Name}\n- {name: email, type: Email}\n"


def test_a_dropped_request_is_fulfilled_and_its_state_is_seen_everywhere(home: Home) -> None:
    home.drop(
        {
            "people.schema.yaml": SCHEMA,
            "hundred.request.yaml": "schema: people\nrows: 100\nseed: 4\nowner: ann\n",
            "none.request.yaml": "schema: nobody\nrows: 1\nowner: bob\n",
            "worse.request.yaml": "schema: people\nrows: abc\n",
        }
    )
    with built_directly():
        done = home.vsf("run")
    assert done.exit_code == 0, done.errors
    made = (home.path / "made" / "people" / "hundred.csv").read_bytes()
    assert home.vsf("generate", "people.yaml", "--rows", "1").exit_code == 2
    (home.path / "s.yaml").write_text(SCHEMA)
    again = home.path / "again.csv"
    words = ("generate", str(home.path / "s.yaml"), "--rows", "100", "--seed", "4", "-o", str(again))
    assert home.vsf(*words).exit_code == 0
    assert again.read_bytes() == made
    listed = list(csv.DictReader(io.StringIO(home.vsf("status", "--format", "csv").output)))
    states = {row["partition_key"]: row["status"] for row in listed if row["feed"] == "fake_requests"}
    assert states == {"hundred": "ready", "none": "failed", "worse": "unreadable"}
    assert "nobody/none.csv: failed: there is no schema 'nobody'" in home.vsf("status").output
    requested = home.ask(
        "select request, schema_name, rows, seed, owner, state, reason, bytes from reports.fake_requests"
    )
    missing = "there is no schema 'nobody': it never landed, is invalid, or was deleted"
    assert sorted(requested) == [
        ("hundred", "people", 100, 4, "ann", "ready", None, len(made)),
        ("none", "nobody", 1, 0, "bob", "failed", missing, None),
        ("worse", None, None, None, None, "failed", "rows: 'abc' is not a whole number", None),
    ]
    assert home.vsf("run").output.startswith("nothing is pending")
