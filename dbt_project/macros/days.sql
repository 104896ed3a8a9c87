{# What belongs here: building a model for some days only. What does not: which days those are (a model
   that `meta.days` names, one row per day in the column event_date). #}

{# The strategy of incremental models: the days of `meta.days` are replaced as a whole, also by nothing. #}
{% macro get_incremental_affected_days_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set days = api.Relation.create(
        database=target.database, schema='transform_build_state', identifier=config.get('meta')['days']
    ) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }} where event_date in (select event_date from {{ days }});
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{# A model as the last finished build left it, or, on a full build, an empty one. The platform keeps these copies of
   models with the tag `absorbed` when every check has passed, so a build that stopped half way is done again.
   `columns` maps names to types. #}
{% macro absorbed(name, columns) -%}
    {{ standing('absorbed', name, columns) }}
{%- endmacro %}

{# A relation as it stands before this build has come to it; empty where there is none, or where all is built again. #}
{% macro standing(schema, name, columns) -%}
    {%- set relation = none -%}
    {%- if execute and this and not flags.FULL_REFRESH -%}  {#- a unit test has no `this` -#}
        {%- set relation = adapter.get_relation(database=this.database, schema=schema, identifier=name) -%}
    {%- endif -%}
    {%- if relation is not none -%}
        select {{ columns | join(', ') }} from {{ relation }}
    {%- else -%}
        select {% for column, type in columns.items() %}cast(null as {{ type }}) as {{ column }}
            {%- if not loop.last %}, {% endif %}{% endfor %}
        where false
    {%- endif -%}
{%- endmacro %}
