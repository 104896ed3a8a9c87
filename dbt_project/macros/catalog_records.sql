{# What belongs here: how records of catalogs become entries, and which of them are equal or news. What does not: their
   history (catalog_versions.sql) and what is derived of them (catalog_values.sql). #}

{# The tables of records: name of the key, columns it is made of (all but the last without bars), and all columns that are
   compared. #}
{% macro catalog_entities() -%}
    {{ return({
        'songs': {
            'key': 'song_key', 'columns': ['artist_name', 'title'],
            'payload': ['artist_name', 'title', 'year', 'release'],
        },
        'movies': {
            'key': 'movie_key', 'columns': ['original_title_normalized', 'release_date'],
            'payload': ['original_title', 'release_date', 'original_language', 'budget', 'is_adult'],
        },
        'apps': {
            'key': 'app_key', 'columns': ['name', 'version'],
            'payload': ['name', 'version', 'genre', 'rating', 'size_bytes'],
        },
    }) }}
{%- endmacro %}

{# The key of an entry: any text may hold a `|`, so all parts but the last are written without bars. #}
{% macro catalog_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append(column if loop.last else without_bars(column)) -%}
    {%- endfor -%}
    {{ surrogate_key(parts) }}
{%- endmacro %}

{# CTEs, the last called `final`: one row per record of a table that counts, compared with the record of its key that
   held until then. `records` has file_id, line_number and all columns of the entity. #}
{% macro catalog_records(records, table) -%}
{%- set entity = catalog_entities()[table] -%}
states as (
    select * from {{ ref('int_catalog__object_states') }} where status = 'loaded' and not is_repeated
),

arrived as (
    select
        states.file_id,
        states.profile,
        states.object_name,
        states.scanned_at,
        states.loaded_at,
        records.line_number,
        {{ landing_order('states.arrival', 'records.line_number') }} as arrival,
        {{ catalog_key(entity['columns']) }} as {{ entity['key'] }},
        records.* exclude (file_id, line_number)
    from {{ records }} as records
    inner join states on records.file_id = states.file_id
),

-- The later one holds, in the order of looks, of places in the list, and of records in the object.
compared as (
    select
        *,
        {% for column in entity['payload'] -%}
        lag({{ column }}) over in_order as held_{{ column }},
        {% endfor -%}
        lag(file_id) over in_order as held_file_id,
        lag(line_number) over in_order as held_line_number,
        lag(object_name) over in_order as held_object_name,
        lag(profile) over in_order as held_profile
    from arrived
    window in_order as (partition by {{ entity['key'] }} order by arrival)
),

final as (
    select
        *,
        held_file_id is not null
        {% for column in entity['payload'] -%}
        and {{ column }} is not distinct from held_{{ column }}
        {% endfor -%}
        as is_equal,
        -- The next state of an object may say something else: that is news, no conflict.
        held_file_id is not null and file_id != held_file_id
        and profile = held_profile and object_name = held_object_name as is_update
    from compared
)
{%- endmacro %}
