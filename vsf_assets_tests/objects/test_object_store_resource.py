"""The Dagster resource of the object store: steps and ticks take their S3 client from it, where there is a bucket.

Not here: what is done with the client (test_store.py, test_faults.py).
"""

import subprocess
import sys
from typing import Any

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.definitions import defs
from vsf_assets.defs.local_runner import open_instance, run_job
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.storage import s3_client
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets_tests import instances
from vsf_assets_tests.engines import needs_httpfs
from vsf_assets_tests.objects.homes import CommandHome

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"


@needs_httpfs
@pytest.mark.usefixtures("without_dbt")
def test_steps_and_ticks_use_the_client_of_the_resource_and_no_other(
    command_home: CommandHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_home.drop({"clicks_1.csv": CLICKS})
    ensure_manifest(read_settings())
    handed_out: list[Any] = []
    get_client = ObjectStoreResource.get_client

    def counted(self: ObjectStoreResource) -> Any:
        handed_out.append(get_client(self))
        return handed_out[-1]

    def made_elsewhere(*_: Any) -> Any:
        raise AssertionError("a client that is not the resource's")

    monkeypatch.setattr(ObjectStoreResource, "get_client", counted)
    monkeypatch.setattr(s3_client, "_client", made_elsewhere)
    definitions = defs()
    with open_instance(read_settings()) as instance:
        sensor = definitions.get_repository_def().get_sensor_def("campaigns_landing")
        assert instances.tick(sensor, instance).run_requests
        ticked = len(handed_out)
        assert ticked > 0
        assert run_job(definitions, instance, "ingest_campaigns")[0]
        ingested = len(handed_out)
        assert ingested > ticked
        assert run_job(definitions, instance, "build_and_publish")[0]
        assert len(handed_out) > ingested
    assert len({id(client) for client in handed_out}) == 1
    with pytest.raises(AssertionError, match="not the resource's"):
        s3_client.s3_client()  # outside of steps and ticks the resource is not asked


def test_its_client_gives_up_as_the_variables_or_its_own_fields_say(
    command_home: CommandHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_STORE_TIMEOUT", "7")
    monkeypatch.setenv("VSF_STORE_ATTEMPTS", "3")
    by_variables = ObjectStoreResource().get_client().meta.config
    assert (by_variables.read_timeout, by_variables.connect_timeout) == (7.0, 5.0)
    assert by_variables.retries["total_max_attempts"] == 3
    by_fields = ObjectStoreResource(max_attempts=2, read_timeout=1.5, pool=4).get_client().meta.config
    assert (by_fields.read_timeout, by_fields.connect_timeout, by_fields.max_pool_connections) == (1.5, 1.5, 4)
    assert by_fields.retries["total_max_attempts"] == 2


def test_definitions_load_neither_the_aws_libraries_nor_what_only_runs_need() -> None:
    code = (
        "import sys; from vsf_assets.definitions import defs; defs().get_repository_def();"
        " print([name for name in ('boto3', 'dagster_aws', 'dbt', 'sqlalchemy') if name in sys.modules])"
    )
    ensure_manifest(read_settings())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
