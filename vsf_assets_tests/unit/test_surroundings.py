"""The two lists of variables: what an operator gives and what the platform fixes.

Not here: that a run in hostile surroundings gives the same tables (cli/test_surroundings.py).
"""

import os
import sys
import warnings
from pathlib import Path

import pytest

from vsf_assets.common.errors import SettingsError
from vsf_assets.config.library_variables import fixed_names, is_given, names_by_env
from vsf_assets.config.settings import child_environment, fix_surroundings
from vsf_assets_tests.hostile import GIVEN, dbt_options, known_names

OPERATORS = [
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_REGION"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
    *("HTTP_PROXY", "https_proxy", "NO_PROXY", "TMPDIR", "HOME", "PATH", "TZ", "VSF_HOME"),
    *("DAGSTER_HOME", "DAGSTER_GRPC_TIMEOUT_SECONDS", "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS"),
    *("DAGSTER_RUN_JOB_NAME", "DAGSTER_K8S_INSTANCE_CONFIG_MAP", "DAGSTER_PG_PASSWORD", "DAGSTER_CURRENT_IMAGE"),
]
PLATFORM = [
    *("DBT_EMPTY", "DBT_ENGINE_EMPTY", "DBT_TARGET", "DBT_ENV_SECRET_TOKEN", "DBT_ANYTHING_NEW"),
    *("PANDERA_VALIDATION_ENABLED", "PANDERA_VALIDATION_DEPTH", "POLARS_MAX_THREADS", "POLARS_FORCE_ASYNC"),
    *("DUCKDB_JE_MALLOC_CONF", "DAGSTER_EVENT_BATCH_SIZE", "DAGSTER_DBT_TERMINATION_TIMEOUT_SECONDS"),
    *("DAGSTER_RUN_QUEUE_PAGE_SIZE", "DAGSTER_RUN_STATUS_SENSOR_FETCH_LIMIT", "DAGSTER_RUN_RECORD_LOADER_BATCH_SIZE"),
]


@pytest.mark.parametrize("name", OPERATORS)
def test_what_an_operator_gives_is_passed_through(name: str) -> None:
    assert is_given(name)


@pytest.mark.parametrize("name", PLATFORM)
def test_what_would_change_a_result_is_fixed(name: str) -> None:
    assert not is_given(name)


def test_every_name_that_a_library_knows_is_in_one_of_the_lists() -> None:
    names = known_names()
    assert len(names) > 400, "the libraries' sources were not found"
    assert set(dbt_options()) <= set(names)
    assert {"PANDERA_VALIDATION_ENABLED", "POLARS_MAX_THREADS", "POLARS_ENGINE_AFFINITY"} <= set(names)
    assert fixed_names(names) == sorted(name for name in names if not GIVEN.match(name))


def test_what_the_instance_names_is_given() -> None:
    document = {"storage": {"postgres": {"url": {"env": "DAGSTER_PG_URL"}, "more": [{"env": "MY_NAME"}, {"env": 1}]}}}
    assert names_by_env(document) == {"DAGSTER_PG_URL", "MY_NAME"}
    assert fixed_names(["DAGSTER_PG_URL", "DAGSTER_PG_USER"], names_by_env(document)) == ["DAGSTER_PG_USER"]


def test_variables_are_removed_from_this_process_and_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {url: {env: DAGSTER_PG_URL}}\n")
    given = {"DAGSTER_HOME": str(tmp_path), "DAGSTER_PG_URL": "a", "AWS_PROFILE": "b"}
    for name, value in {**given, "DBT_EMPTY": "1", "DAGSTER_PG_USER": "c"}.items():
        monkeypatch.setenv(name, value)
    child = child_environment({"DBT_TARGET": "ours"})
    assert given.items() <= child.items()
    assert ("DBT_EMPTY" in child, "DAGSTER_PG_USER" in child, child["DBT_TARGET"]) == (False, False, "ours")
    fix_surroundings()
    assert given.items() <= os.environ.items()
    assert ("DBT_EMPTY" in os.environ, "DAGSTER_PG_USER" in os.environ) == (False, False)


def test_an_instance_file_that_is_no_yaml_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DBT_EMPTY", "1")
    with pytest.raises(SettingsError, match=r"dagster\.yaml is no YAML.*correct it"):
        fix_surroundings()


def test_warnings_are_never_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fix_surroundings()
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert sys.warnoptions == []
