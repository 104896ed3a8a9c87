{# What belongs here: removing what models of an earlier project left. What does not: the raw tables, which are ingest's. #}

{# Schemas that dbt had in earlier releases, and that hold nothing any more: a schema that is renamed leaves its old name
   here. #}
{% macro former_schemas() -%}
    {% do return(['absorbed', 'changes', 'staging']) %}
{%- endmacro %}

{# At the end of a full build: no table stays that no model makes, so a home that an earlier release built holds exactly the
   tables of a new one. #}
{% macro drop_unknown_tables() -%}
    {%- if execute and flags.FULL_REFRESH and flags.WHICH in ['build', 'run'] -%}
        {%- for schema in former_schemas() %}
drop schema if exists {{ target.database }}.{{ schema }} cascade;
        {%- endfor -%}
        {%- set schemas, known = [previous_build_schema()], [] -%}
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
            {%- if node.config.materialized != 'ephemeral' -%}
                {%- do schemas.append(node.schema) -%}
                {%- do known.append(node.schema ~ '.' ~ node.alias) -%}
            {%- endif -%}
            {%- if 'previous_build' in node.tags -%}
                {%- do known.append(previous_build_schema() ~ '.' ~ node.alias) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set stored -%}
            select table_schema, table_name, case table_type when 'VIEW' then 'view' else 'table' end
            from information_schema.tables
            where table_catalog = '{{ target.database }}' and table_schema in ('{{ schemas | unique | join("', '") }}')
            order by table_schema, table_name
        {%- endset -%}
        {%- for row in run_query(stored).rows -%}
            {%- if row[0] ~ '.' ~ row[1] not in known %}
drop {{ row[2] }} {{ target.database }}.{{ row[0] }}."{{ row[1] }}";
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
