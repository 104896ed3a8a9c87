{# What a row of columns.csv refers to: the file and its key. #}
{% set references = {'namespaces': 'namespace_id', 'datapoints': 'data_point_id'} %}

with

uploads as (
    select * from {{ ref('int_datasets__uploads') }}
),

-- Into a file that is missing or unreadable no reference is checked.
unknown as (
    select *
    from (
        select
            arrivals.file_id,
            arrivals.line_number,
            {% for member, key in references.items() -%}
            arrivals.{{ key }},
            uploads.{{ member }}_file_id is not null
            and arrivals.{{ key }} is not null
            and {{ member }}.file_id is null as is_unknown_{{ key }}{% if not loop.last %},{% endif %}
            {% endfor %}
        from {{ ref('stg_datasets__columns') }} as arrivals
        inner join uploads on arrivals.file_id = uploads.columns_file_id and not uploads.is_repeat
        {% for member, key in references.items() -%}
        left join (select distinct file_id, {{ key }} from {{ ref('stg_datasets__' ~ member) }}) as {{ member }}
            on uploads.{{ member }}_file_id = {{ member }}.file_id and arrivals.{{ key }} = {{ member }}.{{ key }}
        {% endfor %}
    ) as referring
    where {% for key in references.values() %}is_unknown_{{ key }}{% if not loop.last %} or {% endif %}{% endfor %}
),

found as (
    select
        file_id,
        line_number,
        anomaly,
        key_name as column_name,
        key_value as raw_value,
        case anomaly when 'duplicate_row' then 'repeats an earlier row; line ' else 'differs from line ' end
        || first_line_number || case anomaly when 'duplicate_row' then ' stands' else ', which stands' end as reason
    from {{ ref('int_datasets__repeated_rows') }}

    union all

    {% for member, key in references.items() %}
    select
        file_id, line_number, 'unknown_reference', '{{ key }}', {{ key }},
        'no such {{ key }} in {{ member }}.csv; add it there, or correct it here'
    from unknown
    where is_unknown_{{ key }}
    union all
    {% endfor %}

    select
        unnest([namespaces_file_id, columns_file_id, datapoints_file_id]), null, 'duplicate_file', null, null,
        'the upload repeats the one before it and adds no version'
    from uploads
    where is_repeat
),

final as (
    select
        file_id,
        cast(line_number as bigint) as line_number,
        anomaly,
        cast(column_name as varchar) as column_name,
        cast(raw_value as varchar) as raw_value,
        'warning' as severity,
        reason
    from found
    where file_id is not null
)

select * from final
