"""Where settings look for files when the package is installed: in the working directory, and never in the package."""

from pathlib import Path

import pytest

from vsf_assets.common.errors import SettingsError
from vsf_assets.config import settings
from vsf_assets.config.settings import home_folder, read_settings
from vsf_assets.transform import dbt_paths
from vsf_assets.transform.dbt_paths import manifest_file


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of an installed package, without any variable of the platform."""
    for variable in settings.VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    monkeypatch.setattr(settings, "IS_INSTALLED", True)
    monkeypatch.setattr(dbt_paths, "IS_INSTALLED", True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_default_home_and_relative_places_are_in_the_working_directory(work: Path) -> None:
    assert read_settings({}).home == home_folder({}) == work / "data"
    (work / "in").mkdir()
    found = read_settings({"VSF_HOME": "other", "VSF_LANDING": "in"})
    assert (found.home, found.landing) == (work / "other", str(work / "in"))


def test_env_and_sources_are_read_from_the_working_directory(work: Path) -> None:
    (work / ".env").write_text("VSF_HOME=elsewhere\nVSF_PROFILE=music\n")
    (work / "sources.toml").write_text('[music]\naddress = "songs"\n')
    found = read_settings()
    assert found.home == home_folder() == work / "elsewhere"
    assert found.profiles["music"].address == str(work / "songs")


def test_the_parsed_dbt_project_lies_in_the_home(work: Path) -> None:
    assert manifest_file(home_folder({})) == work / "data" / "dbt" / "parsed" / "manifest.json"


def test_the_home_is_known_whatever_other_variables_hold(work: Path) -> None:
    environ = {"VSF_THREADS": "many"}
    with pytest.raises(SettingsError):
        read_settings(environ)
    assert home_folder(environ) == work / "data"


def test_a_clone_s_files_do_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert home_folder({}) == settings.PROJECT_ROOT / "data"
    assert manifest_file(home_folder({})) == settings.PROJECT_ROOT / "dbt_project" / "target" / "manifest.json"
