"""The schemas of dbt: plain names, and a full build removes every one that dbt does not have any more.

Here: dbt_project.yml, the profile, and the schemas that macros name. Not here: the layers of models and what reads what
(test_dbt_layers.py), and that a full build drops the tables (dbt/).
"""

import re
from collections.abc import Iterator

import yaml

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.house.test_words import AS_PART

DBT = PROJECT_ROOT / "dbt_project"
EVER = {
    *("absorbed", "changes", "staging"),
    *("marts", "reports", "transform_intermediate", "transform_build_state", "transform_previous_build"),
}
"""Every schema that dbt has or had in a release. The set only grows: a home that an earlier release built has them."""

REPLACED = AS_PART | {"changes": "build_state"}


def _schemas_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("+schema", "schema") and isinstance(inner, str):
                yield inner
            yield from _schemas_in(inner)


def macros() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((DBT / "macros").rglob("*.sql")))


def current_schemas() -> set[str]:
    """Return the schemas of the project's models, of the target, and of the copies for the next build."""
    found = {name for file in ("dbt_project.yml", "profiles.yml") for name in _schemas_in(_yaml(file))}
    models = "\n".join(path.read_text(encoding="utf-8") for path in (DBT / "models").rglob("*.sql"))
    found.update(re.findall(r"""config\([^)]*\bschema\s*=\s*['"](\w+)""", models))
    found.update(re.findall(r"macro previous_build_schema\(\) -%\} (\w+) ", macros()))
    return found


def _yaml(name: str) -> object:
    return yaml.safe_load((DBT / name).read_text(encoding="utf-8"))


def former_schemas() -> set[str]:
    """Return the schemas that a full build drops."""
    found = re.search(r"macro former_schemas\(\) -%\}\s*\{% do return\((\[.*?\])\) %\}", macros())
    assert found is not None
    return set(yaml.safe_load(found.group(1)))


def test_a_full_build_drops_each_schema_that_dbt_had_and_has_not() -> None:
    gone = EVER - current_schemas()
    assert former_schemas() == gone, "dbt_project/macros/unknown_tables.sql: former_schemas() is not what is gone"


def test_every_schema_of_today_is_written_down_before_it_can_be_renamed() -> None:
    assert current_schemas() - EVER == set(), "add the new schema to EVER; the one it replaces goes to former_schemas()"


def test_macros_name_schemas_of_today_only() -> None:
    named = set(re.findall(r"Relation\.create\([^)]*\bschema='(\w+)'", macros()))
    assert "transform_build_state" in named
    assert named <= current_schemas() | {"raw"}


def test_no_schema_is_called_by_a_replaced_word() -> None:
    assert {schema for schema in current_schemas() if REPLACED.keys() & set(schema.split("_"))} == set()
