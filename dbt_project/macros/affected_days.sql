{# What belongs here: building a model for some days only. What does not: which days those are (a model
   that `meta.days` names, one row per day in the column event_date). #}

{# The strategy of incremental models: the days of `meta.days` are replaced as a whole, also by nothing. With
   `meta.also_without_day` the rows whose event_date is null are replaced, too. #}
{% macro get_incremental_affected_days_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set days = api.Relation.create(
        database=target.database, schema='transform_build_state', identifier=config.get('meta')['days']
    ) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }}
    where event_date in (select event_date from {{ days }}){{ ' or event_date is null' if config.get('meta').get('also_without_day') }};
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
