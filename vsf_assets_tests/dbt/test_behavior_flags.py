"""Flags of dbt's adapters name the module that declares them, also where nobody reads source files for it.

Not here: what the flags change; the platform sets none.
"""

from vsf_assets.transform.dbt_private import name_sources_cheaply


def test_a_flag_names_the_module_that_declares_it() -> None:
    name_sources_cheaply()
    from dbt_common.behavior_flags import Behavior

    flags = Behavior([{"name": "a_flag", "default": False, "docs_url": "https://example.com"}], {})
    assert flags.a_flag._behavior_change_event.flag_source == __name__
