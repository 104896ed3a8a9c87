with

uploads as (
    select * from {{ ref('int_datasets__uploads') }} where not is_repeat
),

final as (
    {% for member in ['namespaces', 'columns', 'datapoints'] %}
    select
        'datasets' as feed,
        dataset as partition_key,
        '{{ member }}.csv' as file_name,
        'missing_file' as anomaly,
        cast(null as varchar) as raw_value,
        'warning' as severity,
        'did not come with version ' || version || ' of the dataset, which is not complete and never current;'
        || ' deliver the three files together again' as reason,
        version,
        landed_at
    from uploads
    where not has_{{ member }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from final
