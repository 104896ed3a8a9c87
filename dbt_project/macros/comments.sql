{# What belongs here: the comments that an analyst's tool shows beside tables and columns. What does not: the texts;
   they stand in the models' yml.

   dbt's own persist_docs sends a statement of its own per table and per column. Here a build writes them all in one
   transaction at its end, for the tables that it made: a table that is replaced loses its comments. #}
{% macro comment_tables(results) -%}
    {%- set tables = [] -%}
    {%- for result in results if flags.WHICH in ('build', 'run') and result.status == 'success'
            and result.node.resource_type == 'model' and result.node.schema in ('marts', 'reports') -%}
        {%- do tables.append(result.node) -%}
    {%- endfor -%}
    {%- if tables -%}
        {%- set keys, references = {}, {} -%}
        {%- do read_keys(keys, references) -%}
        begin transaction;
        {%- for node in tables %}
        comment on table {{ node.relation_name }} is {{ comment_literal(
            table_comment(node.description, keys.get(node.unique_id, []), references.get(node.unique_id, []))
        ) }};
            {%- for column in node.columns.values() %}
        comment on column {{ node.relation_name }}.{{ adapter.quote(column.name) }} is {{ comment_literal(column.description) }};
            {%- endfor %}
        {%- endfor %}
        commit;
    {%- endif -%}
{%- endmacro %}

{# Fill `keys` (model -> columns of its key, as its test of whole rows has them) and `references` (model -> texts like
   "line_key to marts.dim_lines.line_key": what tests of relationships check, and what `meta.references` of a column
   declares). #}
{% macro read_keys(keys, references) -%}
    {%- for node in graph.nodes.values() -%}
        {%- if node.resource_type == 'model' -%}
            {%- for column in node.columns.values() if column.config.meta.references -%}
                {%- do references.setdefault(node.unique_id, []).append(column.name ~ ' to ' ~ column.config.meta.references) -%}
            {%- endfor -%}
        {%- elif node.resource_type == 'test' and node.test_metadata -%}
            {%- if node.test_metadata.name == 'rows_with_required' -%}
                {%- do keys.update({node.attached_node: node.test_metadata.kwargs.get('key', [])}) -%}
            {%- elif node.test_metadata.name == 'relationships' -%}
                {#- `to` is like ref('dim_lines') -#}
                {%- set target = graph.nodes['model.' ~ node.package_name ~ '.' ~ node.test_metadata.kwargs.to.split("'")[1]] -%}
                {%- do references.setdefault(node.attached_node, []).append(
                    node.column_name ~ ' to ' ~ target.schema ~ '.' ~ target.alias ~ '.' ~ node.test_metadata.kwargs.field
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro table_comment(description, key, references) -%}
    {{ description.split() | join(' ') }}
    {%- if key %} Key: {{ key | join(', ') }}.{% endif %}
    {%- if references %} References: {{ references | sort(case_sensitive=true) | join(', ') }}.{% endif %}
{%- endmacro %}

{% macro comment_literal(text) -%}
    '{{ text.split() | join(' ') | replace("'", "''") }}'
{%- endmacro %}
