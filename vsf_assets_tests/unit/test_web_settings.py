"""Settings of the web services: addresses, origins, and where keys may lie.

Not here: what they do (banners/).
"""

from pathlib import Path

import pytest

from vsf_assets.common.errors import SettingsError
from vsf_assets.config.settings import Settings, read_settings


def settings_with(home: Path, **variables: str) -> Settings:
    return read_settings({"VSF_HOME": str(home), **{f"VSF_{name}": value for name, value in variables.items()}})


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", ("127.0.0.1", 8001)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:8001", ("::1", 8001)),
        ("Banners.Example.org:9000", ("banners.example.org", 9000)),
    ],
)
def test_addresses_are_host_and_port(tmp_path: Path, text: str, address: tuple[str, int]) -> None:
    assert settings_with(tmp_path, BANNERS_BIND=text).banners_bind == address


@pytest.mark.parametrize(
    "text", ["8001", "localhost", ":8001", "a:0", "a:65536", "::1:80", "http://a:80", "a:8001/x", "a b:1"]
)
def test_other_addresses_are_refused_with_an_example(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"write it like 127\.0\.0\.1:8001"):
        settings_with(tmp_path, BANNERS_BIND=text)


def test_origins_are_as_browsers_write_them(tmp_path: Path) -> None:
    text = "https://Shop.example.org, http://a.example:8080/,https://b.example:443"
    expected = {"https://shop.example.org", "http://a.example:8080", "https://b.example"}
    assert settings_with(tmp_path, BANNERS_ORIGINS=text).banners_origins == expected


@pytest.mark.parametrize(
    "text", ["*", "shop.example.org", "https://a.example/path", "null", "ftp://a.example", "https://*.a.org"]
)
def test_other_origins_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="is not an origin"):
        settings_with(tmp_path, BANNERS_ORIGINS=text)


def test_the_boundary_is_next_or_previous(tmp_path: Path) -> None:
    assert settings_with(tmp_path).quarter_boundary == "next"
    assert settings_with(tmp_path, QUARTER_BOUNDARY="previous").quarter_boundary == "previous"
    with pytest.raises(SettingsError, match="not one of next, previous"):
        settings_with(tmp_path, QUARTER_BOUNDARY="15")


def test_keys_lie_in_the_home_or_in_a_place_of_their_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert settings_with(home).keys == home / "portal"
    for folder in (tmp_path / "keys", home / "portal", home / "portal" / "keys", home / "keys"):
        assert settings_with(home, PORTAL_KEYS=str(folder)).keys == folder
    for folder in (home / "landing" / "keys", home / "archive", home / "snapshots" / "x", home / "cache" / "keys"):
        with pytest.raises(SettingsError, match="VSF_PORTAL_KEYS"):
            settings_with(home, PORTAL_KEYS=str(folder))
