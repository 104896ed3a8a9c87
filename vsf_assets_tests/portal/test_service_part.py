"""The portal as a part of the service: secrets reach a person's terminal alone, and the service's log is private.

Here: the part's arguments and the log's file. Not here: what the portal logs (test_command.py).
"""

import logging
import os
import sys

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.portal.serve import PortalOptions
from vsf_assets.service import portal_part as part
from vsf_assets.service import start_service
from vsf_assets.service.parts import portal_part


@pytest.mark.parametrize("has_terminal", [True, False])
def test_the_part_shows_secrets_on_the_terminal_that_the_service_gave_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], has_terminal: bool
) -> None:
    def serve(_: object, options: object, log: object, show: object) -> None:
        log("a line")  # type: ignore[operator]
        if show is not None:
            show("a secret")  # type: ignore[operator]
        given.append((options, show is not None))

    given: list[tuple[object, bool]] = []
    read, terminal = os.pipe()
    made = portal_part(True, ("127.0.0.1", 8000), terminal if has_terminal else None)
    assert made.descriptors == ((terminal,) if has_terminal else ())
    monkeypatch.setattr(part, "serve", serve)
    monkeypatch.setattr(part, "fix_surroundings", lambda: None)
    monkeypatch.setattr(sys, "argv", list(made.command))
    part.main()
    os.close(terminal)
    with os.fdopen(read) as shown:
        assert shown.read() == ("a secret\n" if has_terminal else "")
    assert capfd.readouterr().err == "a line\n"
    assert given == [(PortalOptions(is_demo=True), has_terminal)]


def test_the_services_log_is_its_owners_alone(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read_settings({"VSF_HOME": str(tmp_path)})
    settings.logs.mkdir(parents=True)
    (settings.logs / "service.log").touch(0o644)
    monkeypatch.setattr(start_service, "LOG_BYTES", 60)
    say = start_service._log(settings, is_terminal=False)
    for number in range(3):
        say("portal", f"line {number} of the log")
    for handler in logging.getLogger("vsf.service").handlers:
        handler.close()
    files = sorted(settings.logs.glob("service.log*"))
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert "line 2" in capsys.readouterr().err
