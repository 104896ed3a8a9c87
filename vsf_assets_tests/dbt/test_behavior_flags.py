"""Flags of dbt's adapters name the module that declares them, also where nobody searches all modules for it.

Not here: what the flags change; the platform sets none.
"""

from pathlib import Path

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.transform import dbt_private
from vsf_assets.transform.dbt_runner import warm_up


def test_the_declaring_module_is_the_caller() -> None:
    assert dbt_private.declaring_module() == __name__


def test_dbt_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(dbt_private, "declaring_module", lambda: f"module {calls.append(1)}")
    warm_up(read_settings({"VSF_HOME": str(tmp_path)}))
    assert calls
