"""deploy/install.sh: what it makes, what it keeps, and what it leaves when it fails.

A tiny wheel stands for the package. Making environments takes long, so `make test-image` runs that. Not here: the whole
package in a root of its own (test_image.py).
"""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "deploy" / "install.sh"


def wheel(folder: Path, version: str, needs: str = "") -> Path:
    """Write a wheel whose command `vsf` prints its version."""
    info = f"vsf_assets-{version}.dist-info"
    files = {
        "tiny_vsf.py": f"def main():\n    print({version!r})\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: vsf-assets\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nvsf = tiny_vsf:main\n",
        f"{info}/RECORD": "",
    }
    path = folder / f"vsf_assets-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Folders for everything that the script makes."""
    names = {"VSF_PREFIX": "opt/vsf", "VSF_SETTINGS": "etc/vsf", "VSF_HOME": "lib/vsf", "VSF_BACKUPS": "backups"}
    return {name: str(tmp_path / place) for name, place in names.items()} | {"VSF_LINK": str(tmp_path / "vsf")}


def install(places: dict[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    """Run the script as a user who may make no other user."""
    environment = {**os.environ, **places, "VSF_PIP_OPTIONS": "--no-index", "VSF_USER": "root"}
    return subprocess.run(
        ["sh", SCRIPT, *map(str, words)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.image
def test_an_upgrade_keeps_settings_and_data_and_one_that_fails_keeps_the_old_release(
    tmp_path: Path, places: dict[str, str]
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.touch()
    done = install(places, wheel(tmp_path, "1.0"), constraints)
    assert done.returncode == 0, done.stderr
    program, settings, home = (
        f"{places['VSF_PREFIX']}/bin/vsf",
        Path(places["VSF_SETTINGS"], ".env"),
        Path(places["VSF_HOME"]),
    )
    assert subprocess.check_output([program], text=True) == "1.0\n"
    assert str(Path(places["VSF_LINK"]).readlink()) == program
    assert settings.read_text() == f"VSF_HOME={home}\n"
    modes = {
        path: path.stat().st_mode & 0o7777 for path in (home, home / "landing", Path(places["VSF_BACKUPS"]), settings)
    }
    assert list(modes.values()) == [0o750, 0o2770, 0o700, 0o640]
    settings.write_text("VSF_HOME=/elsewhere\n")
    home.chmod(0o755)
    (home / "landing" / "clicks.csv").touch()

    failed = install(places, wheel(tmp_path, "2.0", "Requires-Dist: there-is-no-such-package\n"), constraints)
    assert failed.returncode != 0
    assert "there-is-no-such-package" in failed.stderr
    assert subprocess.check_output([program], text=True) == "1.0\n"

    done = install(places, wheel(tmp_path, "3.0"), constraints)
    assert done.returncode == 0, done.stderr
    assert subprocess.check_output([program], text=True) == "3.0\n"
    assert (settings.read_text(), home.stat().st_mode & 0o7777) == ("VSF_HOME=/elsewhere\n", 0o755)
    assert (home / "landing" / "clicks.csv").exists()
    assert sorted(path.name for path in Path(places["VSF_PREFIX"]).parent.iterdir()) == ["vsf"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "two arguments are needed"),
        (["gone.whl", "gone.txt"], "there is no file gone.whl"),
        ([SCRIPT, "gone.txt"], "there is no file gone.txt"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_made(
    places: dict[str, str], tmp_path: Path, words: list[object], says: str
) -> None:
    done = install(places, *words)
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert list(tmp_path.iterdir()) == []
