{# What belongs here: reading what an earlier build left. What does not: what follows from the difference (differences.sql).

   Compiled SQL has two forms, and dbt's flag --full-refresh chooses between them: the incremental form reads these tables,
   the full form nothing. The database is never asked which form it is to be: the tables always exist
   (create_tables_of_earlier_builds, on-run-start), empty until a build has left something. #}

{% macro previous_build_schema() -%} transform_previous_build {%- endmacro %}

{# A model as the last finished build left it. The platform copies models with the tag `previous_build` when every check has
   passed, so a build that stopped half way is done again. `columns` maps names to types. #}
{% macro previous_build(name, columns) -%}
    {{ _left_by_earlier_builds(previous_build_schema(), name, columns) }}
{%- endmacro %}

{# A model with the tag `read_before_built` as it stands before this build has come to it, whichever build made it. #}
{% macro before_this_build(schema, name, columns) -%}
    {{ _left_by_earlier_builds(schema, name, columns) }}
{%- endmacro %}

{# A unit test has no `this`, and compares with nothing. #}
{% macro _left_by_earlier_builds(schema, name, columns) -%}
    {%- if flags.FULL_REFRESH or not this -%}
        select {% for column, type in columns.items() %}cast(null as {{ type }}) as {{ column }}
            {%- if not loop.last %}, {% endif %}{% endfor %}
        where false
    {%- else -%}
        select {{ columns | join(', ') }}
        from {{ api.Relation.create(database=target.database, schema=schema, identifier=name) }}
    {%- endif -%}
{%- endmacro %}

{# The number of the last finished build. By name and not as a source: raw.builds is written after the marts, so that in
   Dagster's lineage the marts would follow themselves. #}
{% macro last_finished_build() -%}
    (select max(build_number) from {{ api.Relation.create(database=target.database, schema='raw', identifier='builds') }})
{%- endmacro %}

{# At the start of a run: the tables that compiled SQL reads before anything has made them, where they are missing. Their
   columns are those that the models declare. #}
{% macro create_tables_of_earlier_builds() -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}  {#- `dbt compile` compiles hooks too -#}
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | sort(attribute='name') -%}
            {%- if 'previous_build' in node.tags -%}
                {{ _create_if_missing(node, previous_build_schema()) }}
            {%- endif -%}
            {%- if 'read_before_built' in node.tags -%}
                {{ _create_if_missing(node, node.schema) }}
                {#- dbt has listed the tables before this hook: it must know of the new one. -#}
                {%- set known = adapter.get_relation(node.database, node.schema, node.alias) -%}
                {%- if known is none -%}
                    {%- do adapter.cache_added(
                        api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias, type='table')
                    ) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro _create_if_missing(node, schema) -%}
    {%- set relation = api.Relation.create(database=node.database, schema=schema, identifier=node.alias) %}
create schema if not exists {{ relation.without_identifier() }};
create table if not exists {{ relation }} (
    {%- for column in node.columns.values() -%}
        {{ column.name }} {{ column.data_type }}{% if not loop.last %}, {% endif %}
    {%- endfor -%}
);
{%- endmacro %}
