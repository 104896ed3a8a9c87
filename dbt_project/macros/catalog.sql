{# What belongs here: how records of catalogs become entries, and what is derived of them. #}

{# The name of an object as its list has it, of the name of the kept file. #}
{% macro object_name(file_name) -%}
    url_decode({{ file_name }})
{%- endmacro %}

{# Lower-case, runs of spaces become one `_`, and only letters, digits and `_` stay, of whatever script. #}
{% macro normalized_title(title) -%}
    regexp_replace(regexp_replace(lower({{ title }}), ' +', '_', 'g'), '[^\p{L}\p{N}_]', '', 'g')
{%- endmacro %}

{# Whether an app is awesome by the rule of the profile it came from. The platform passes the rules as they were checked
   (vsf_assets/rules.py): profile -> SQL of comparisons with numbers; '' is the profile of all others. #}
{% macro is_awesome(profile) -%}
    {%- set rules = fromjson(env_var('VSF_AWESOME_RULES', '{"": "size_bytes < 1000000"}')) -%}
    case {{ profile }}
        {% for name, rule in rules.items() | sort -%}
        when '{{ name }}' then {{ rule }}
        {% endfor -%}
        else {{ rules[''] }}
    end
{%- endmacro %}

{# The tables of records: name of the key, columns it is made of, and all columns that are compared. #}
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

{# CTEs, the last called `final`: one row per record of a table that counts, compared with the record of its key that
   held until then. `records` has _file_id, _line and all columns of the entity. #}
{% macro catalog_records(records, table) -%}
{%- set entity = catalog_entities()[table] -%}
states as (
    select * from {{ ref('stg_catalog__states') }} where status = 'loaded' and not is_repeated
),

arrived as (
    select
        states.file_id,
        states.profile,
        states.object_name,
        states.due_at,
        states.loaded_at,
        records._line as line_number,
        {{ landing_order('states.arrival', 'records._line') }} as arrival,
        {{ surrogate_key(entity['columns']) }} as {{ entity['key'] }},
        records.* exclude (_file_id, _line)
    from {{ records }} as records
    inner join states on records._file_id = states.file_id
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

{# CTEs, the last called `final`: one row per payload that a key has had. #}
{% macro catalog_versions(table, derived=[]) -%}
{%- set entity = catalog_entities()[table] -%}
changes as (
    select * from {{ ref('stg_catalog__' ~ table) }} where not is_equal
),

final as (
    select
        {{ entity['key'] }},
        row_number() over in_order as version_number,
        {% for column in derived + entity['payload'] -%}
        {{ column }},
        {% endfor -%}
        due_at as valid_from,
        lead(due_at) over in_order as valid_to,
        lead(due_at) over in_order is null as is_current,
        loaded_at as ingestion_time,
        profile,
        object_name,
        line_number
    from changes
    window in_order as (partition by {{ entity['key'] }} order by arrival)
)
{%- endmacro %}
