{{ config(
    meta={
        'dagster': {'ref': {'name': 'dim_songs'}},
        'description': (
            'Every key that was ever delivered has exactly one entry, the last of its versions, and no entry is of '
            ~ 'another key. Rows shown: tables whose counts of keys, entries or current versions differ.'
        ),
    },
) }}

with

counted as (
    {% for table, entity in catalog_entities().items() %}
    {% set mart = 'dim_' ~ entity['key'] | replace('_key', '') %}
    select
        '{{ table }}' as entry,
        (
            select count(distinct {{ catalog_key(entity['columns']) }})
            from (
                select *{% if table == 'movies' %}, {{ normalized_title('original_title') }} as original_title_normalized{% endif %}

                from {{ source('raw', table) }}
            ) as records
        ) as delivered,
        (select count(*) from {{ ref(mart ~ 's') }}) as entries,
        (select count(*) from {{ ref(mart ~ '_versions') }} where is_current) as current_versions,
        (select count(distinct {{ entity['key'] }}) from {{ ref(mart ~ '_versions') }}) as keys_with_versions
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from counted
where delivered != entries or delivered != current_versions or delivered != keys_with_versions
