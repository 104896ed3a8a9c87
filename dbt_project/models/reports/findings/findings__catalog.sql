with

repeated_states as (
    select * from {{ ref('int_catalog__object_states') }} where is_repeated
),

repeated_rows as (
    {% for table, entity in catalog_entities().items() %}
    select
        file_id,
        line_number,
        '{{ entity['columns'][0] }}' as column_name,
        cast({{ entity['columns'][0] }} as varchar) as raw_value,
        held_line_number
    from {{ ref('int_catalog__' ~ table) }}
    where is_equal and file_id = held_file_id
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

conflicts as (
    {% for table, entity in catalog_entities().items() %}
    {% set outer = loop %}
    {% for column in entity['payload'] %}
    select
        file_id,
        line_number,
        '{{ column }}' as column_name,
        cast({{ column }} as varchar) as raw_value,
        cast(held_{{ column }} as varchar) as held_value,
        held_line_number,
        held_object_name,
        case when held_profile != profile then ' of profile ' || held_profile else '' end as held_profile
    from {{ ref('int_catalog__' ~ table) }}
    where held_file_id is not null and not is_update and {{ column }} is distinct from held_{{ column }}
    {% if not (loop.last and outer.last) %}union all{% endif %}
    {% endfor %}
    {% endfor %}
),

findings as (
    select
        file_id, null as line_number, 'duplicate_file' as anomaly, null as column_name, null as raw_value,
        'same state as the one directly before it, of ' || cast(earlier_scanned_at as varchar) || '; no version is added'
            as reason
    from repeated_states

    union all

    select
        file_id, line_number, 'duplicate_row', column_name, raw_value,
        'repeats record ' || held_line_number || ' of the same object; it counts once'
    from repeated_rows

    union all

    select
        file_id, line_number, 'duplicate_key', column_name, raw_value,
        column_name || ' was ' || coalesce(held_value, 'empty') || ' in record ' || held_line_number || ' of '
        || held_object_name || held_profile || ', which held until then; the later one stands'
    from conflicts
),

final as (
    select
        file_id,
        cast(line_number as bigint) as line_number,
        anomaly,
        cast(column_name as varchar) as column_name,
        cast(raw_value as varchar) as raw_value,
        cast(null as varchar) as raw_text,
        'warning' as severity,
        reason
    from findings
)

select * from final
