"""The jobs of docs/tasks.md at a command line: an upgrade, and a restore from the backup that it began with.

Here: the commands of the page, one after the other, and their number. Not here: jobs in a browser
(portal/test_tasks.py), installing a package (test_installed_package.py), and homes of real earlier releases
(test_earlier_home.py).
"""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.docs.job_page import jobs
from vsf_assets_tests.forms import variables

BACKUPS = "/var/backups/vsf"
CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"


class Terminal:
    """Runs the commands of a job as the page has them, in another place, and counts them."""

    def __init__(self, home: Home, backups: Path) -> None:
        self.home, self.backups = home, backups

    def do(self, title: str) -> dict[str, str]:
        """Run every command of a job; return each with what it printed.

        `vsf run` loads without Dagster, which costs as much again; a package is not installed.
        """
        job, printed = jobs()[title], {}
        assert len(job.commands) <= job.most
        for line in job.commands:
            words = shlex.split(line.replace(BACKUPS, str(self.backups)))
            if words[0] == "vsf" and words[1] == "run":
                self.home.load(checked=False)
            elif words[0] == "vsf":
                outcome = self.home.vsf(*words[1:])
                assert outcome.exit_code == 0, outcome
                printed[" ".join(words[:2])] = outcome.output
            elif words[0] != "pip":
                command = line.replace(BACKUPS, str(self.backups))
                environment = {"VSF_HOME": str(self.home.path), "PATH": "/usr/bin:/bin", **variables(self.home.path)}
                subprocess.run(["bash", "-euc", command], env=environment, check=True)
        return printed


@pytest.mark.slow
def test_an_upgrade_reads_originals_again_and_a_restore_goes_on_from_its_backup(home: Home, tmp_path: Path) -> None:
    home.drop({"clicks_1.csv": CLICKS})
    home.load(checked=False)
    # As a release before would have left it: read under another contract.
    with Warehouse.of(read_settings()).write("test") as connection:
        connection.execute("update raw.files set contract_version = 'earlier'")
        connection.execute("update raw.clicks set banner_id = 0")
    terminal = Terminal(home, tmp_path / "backups")
    printed = terminal.do("Upgrade")
    assert "1" in next(line for line in printed["vsf status"].splitlines() if "again" in line)
    assert home.ask("select banner_id from raw.clicks") == [(2,)]
    after = home.ask("select * exclude (loaded_at, run_id) from raw.files")

    shutil.rmtree(home.path)
    home.path.mkdir()
    terminal.do("Restore")
    assert home.ask("select banner_id from raw.clicks") == [(2,)]
    assert home.ask("select * exclude (loaded_at, run_id) from raw.files") == after
