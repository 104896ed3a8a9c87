"""Made-up files in a bucket (VSF_MADE): one host makes them, any other sees their states, sends and removes them.

Here: the files, the notes beside them, and the settings. Not here: the same in a folder (test_fulfilling.py).
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.config.settings import SettingsError, read_settings
from vsf_assets.pipeline.made_places import is_there, local_file, read_note, remove_note, write_note
from vsf_assets.pipeline.request_progress import read_progress
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.synthetic.test_fulfilling import SCHEMA, ask, make, states
from vsf_assets_tests.warehouses import Home


@pytest.fixture
def requested(tmp_path: Path, bucket: Bucket) -> Home:
    """A home with a schema and a request for three rows of it."""
    home = Home(tmp_path / "home", MADE=bucket.address("made"))
    home.land("people.schema.yaml", SCHEMA)
    ask(home, "three", seed=7)
    return home


def keys(bucket: Bucket) -> set[str]:
    return {entry["Key"] for entry in bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])}


def test_another_host_sees_the_state_and_sends_the_file(requested: Home, bucket: Bucket, tmp_path: Path) -> None:
    assert make(requested) == [("three", "ready")]
    content = bucket.get("made/people/three.csv")
    assert keys(bucket) == {"made/people/three.csv", "made/.requests/three.json"}
    assert not list((requested.settings.made / "people").iterdir())
    folder = Home(tmp_path / "folder")
    folder.land("people.schema.yaml", SCHEMA)
    ask(folder, "three", seed=7)
    make(folder)
    assert content == (folder.settings.made / "people" / "three.csv").read_bytes()

    other = replace(requested.settings, home=tmp_path / "other")
    progress = read_progress(other, "three")
    assert progress is not None
    sha256 = hashlib.sha256(content).hexdigest()
    assert (progress.state, progress.bytes, progress.sha256) == ("ready", len(content), sha256)
    assert is_there(other, "people/three.csv")
    fetched = local_file(other, "people/three.csv", sha256)
    assert fetched.read_bytes() == content
    bucket.server.log.clear()
    assert local_file(other, "people/three.csv", sha256) == fetched
    assert bucket.server.log == []


def test_a_file_that_is_another_one_by_now_is_not_sent(requested: Home, bucket: Bucket) -> None:
    make(requested)
    sha256 = hashlib.sha256(bucket.get("made/people/three.csv")).hexdigest()
    bucket.put("made/people/three.csv", b"another one")
    for name in ("people/three.csv", "people/gone.csv"):
        with pytest.raises(OSError, match=name):
            local_file(requested.settings, name, sha256)
    assert not list((requested.settings.home / "cache" / "made").iterdir())


def test_a_deleted_schema_takes_its_files_out_of_the_bucket(requested: Home, bucket: Bucket) -> None:
    make(requested)
    requested.land("gone.schema.yaml", b"name: people\ndeleted: true", 3)
    assert make(requested) == [("three", "deleted")]
    assert keys(bucket) == set()


def test_a_bucket_that_refuses_the_file_fails_its_request_and_leaves_nothing(requested: Home, bucket: Bucket) -> None:
    bucket.server.fail("error", method="PUT", path=r".*/people/three\.csv", status=403, code="AccessDenied")
    assert make(requested) == [("three", "failed")]
    (reason,) = [why for _, why in states(requested).values()]
    assert reason is not None and reason.startswith("the file cannot be written")
    assert not list((requested.settings.made / "people").iterdir())


def test_a_note_is_found_from_everywhere_and_goes(requested: Home) -> None:
    assert read_note(requested.settings, "n.json") is None
    write_note(requested.settings, "n.json", {"percent": 3})
    assert read_note(requested.settings, "n.json") == {"percent": 3}
    remove_note(requested.settings, "n.json")
    assert read_note(requested.settings, "n.json") is None


def test_places_that_do_not_do_are_refused_by_name(tmp_path: Path) -> None:
    given = {"VSF_HOME": str(tmp_path)}
    with pytest.raises(SettingsError, match="VSF_MADE='/srv/made' is no address"):
        read_settings({**given, "VSF_MADE": "/srv/made"})
    with pytest.raises(SettingsError, match="VSF_MADE"):
        read_settings({**given, "VSF_LANDING": "s3://b/landing", "VSF_MADE": "s3://b/landing/made"})
