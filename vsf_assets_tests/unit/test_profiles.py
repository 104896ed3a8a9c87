"""The settings file of sources: defaults, checks, and errors that name file, profile and setting."""

from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.common.errors import SettingsError
from vsf_assets.config.catalog_profiles import Profile, read_profiles
from vsf_assets.config.settings import PROJECT_ROOT, read_settings


def read(tmp_path: Path, text: str) -> dict[str, Profile]:
    file = tmp_path / "sources.toml"
    file.write_text(text)
    return read_profiles(str(file), tmp_path, "/data/landing")


def test_without_a_file_the_default_is_the_folder_catalog_of_the_landing_zone(tmp_path: Path) -> None:
    found = read_profiles("", tmp_path, "/data/landing")
    assert found == {"default": Profile("default", "/data/landing/catalog", is_own=True)}
    assert read_profiles("", tmp_path, "s3://b/p/")["default"].address == "s3://b/p/catalog"


def test_a_profile_has_what_the_file_says_and_defaults_for_the_rest(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        [default]
        connections = 4
        [music]
        address = "https://example.com/music/"
        list = "names.txt"
        encoding = "Latin1"
        is_awesome = "rating>=4 AND size_bytes < 5"
        read_timeout = 2
        [here]
        address = "a/folder"
        [store]
        address = "s3://bucket/prefix"
        """,
    )
    assert list(found) == ["default", "music", "here", "store"]
    assert (found["default"].is_own, found["default"].connections) == (True, 4)
    music = found["music"]
    assert (music.kind, music.address, music.list_name) == ("http", "https://example.com/music", "names.txt")
    assert (music.encoding, music.is_awesome) == ("iso8859-1", "rating >= 4 and size_bytes < 5")
    assert (music.read_timeout, music.connect_timeout, music.connections) == (2.0, 5.0, 32)
    assert (found["here"].kind, found["here"].address) == ("folder", str(tmp_path / "a/folder"))
    assert found["store"].kind == "s3"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[m]\nlist = 'x'", ["sources.toml", "profile m", "address is missing"]),
        ("[m]\naddress = 'ftp://x/y'", ["profile m: address = 'ftp://x/y'", "http://"]),
        ("[m]\naddress = 'http://'", ["profile m: address", "no host"]),
        ("[m]\naddress = 'http://me:secret@x/'", ["profile m: address", "credentials"]),
        ("[m]\naddress = 'http://x/y?z'", ["profile m: address", "neither"]),
        ("[m]\naddress = 's3:///y'", ["profile m: address", "no bucket"]),
        ("[m]\naddress = 7", ["profile m: address = 7", "text"]),
        ("[m]\naddress = 'x'\nencoding = 'klingon'", ["profile m: encoding = 'klingon'", "utf-8"]),
        ("[m]\naddress = 'x'\nencoding = 'hex'", ["profile m: encoding = 'hex'"]),
        ("[m]\naddress = 'x'\nis_awesome = 'drop table'", ["profile m: is_awesome", "drop"]),
        ("[m]\naddress = 'x'\nlist = '../x'", ["profile m: list", "below the address"]),
        ("[m]\naddress = 'x'\nconnections = 0", ["profile m: connections = 0", "from 1 to 64"]),
        ("[m]\naddress = 'x'\nconnections = true", ["profile m: connections", "number"]),
        ("[m]\naddress = 'x'\nread_timeout = 'long'", ["profile m: read_timeout = 'long'", "number"]),
        ("[m]\naddress = 'x'\nadress = 'x'", ["profile m", "no setting adress", "settings: address, list"]),
        ("[Music]\naddress = 'x'", ["profile 'Music'", "begins with a letter"]),
        ("address = 'x'", ["address stands outside a profile"]),
        ("[m", ["sources.toml is not TOML"]),
    ],
)
def test_what_cannot_be_used_is_told_by_file_profile_and_setting(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, text)
    assert [part for part in ["sources.toml", *says] if part not in str(error.value)] == []


def test_the_environment_names_the_file_and_the_profile(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[music]\naddress = 'm'\nencoding = 'cp1252'\nis_awesome = 'rating > 4'\n")
    settings = read_settings({"VSF_SOURCES": str(file), "VSF_PROFILE": "music"})
    assert settings.profile == "music"
    assert settings.profiles["music"].address == str(PROJECT_ROOT / "m")
    assert settings.encodings == {"music": "cp1252"}
    assert settings.awesome_rules == {"music": "rating > 4"}
    with pytest.raises(SettingsError, match=r"VSF_PROFILE 'films'.*default, music"):
        read_settings({"VSF_SOURCES": str(file), "VSF_PROFILE": "films"})
    with pytest.raises(SettingsError, match=r"VSF_SOURCES.*no such file"):
        read_settings({"VSF_SOURCES": str(tmp_path / "gone.toml")})


def test_the_example_file_can_be_used_as_it_is_and_with_every_line_switched_on(tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "sources.example.toml").read_text()
    assert read(tmp_path, text)
    lines = [line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in text.splitlines()]
    found = read(tmp_path, "\n".join(lines))
    assert set(found) == {"default", "music", "films"}
    assert {p.kind for p in found.values()} == {"folder", "http", "s3"}
    assert replace(found["default"], origin="") == read(tmp_path, "")["default"]
