{# What belongs here: how a model becomes a table. What does not: models that are made again in part (affected_days.sql).

   DuckDB replaces a table inside a transaction, so readers and a failed build see the old rows until the commit.
   dbt's own way, a second table and two renames, guards databases that cannot do that; it took a sixth of the
   time that a build of small tables takes. It has a name of its own, so that `table` means what dbt's documentation says. #}
{% materialization replaced_table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {{ create_or_replace_table(target, compiled_code) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# With a contract the columns are compared with the declared ones first, and the table is made of those. #}
{% macro create_or_replace_table(relation, query) -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(query) }}
        create or replace table {{ relation }} {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} {{ get_column_names() }} (
            {{ get_select_subquery(query) }}
        )
    {%- else -%}
        create or replace table {{ relation }} as (
            {{ query }}
        )
    {%- endif -%}
{%- endmacro %}
