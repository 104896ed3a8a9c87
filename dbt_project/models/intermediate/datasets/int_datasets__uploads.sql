{% set members = ['namespaces', 'columns', 'datapoints'] %}

with

files as (
    select * from {{ ref('int_ledger__deliveries') }} where feed = 'datasets'
),

uploads as (
    select
        partition_key as dataset,
        landed_at,
        {% for member in members %}
        max(case when file_name = '{{ member }}.csv' then sha256 end) as {{ member }}_sha256,
        max(case when file_name = '{{ member }}.csv' and status = 'loaded' then file_id end) as {{ member }}_file_id,
        {% endfor %}
        count(case when status = 'loaded' then 1 end) = {{ members | length }} as is_complete
    from files
    group by partition_key, landed_at
),

compared as (
    select
        *,
        {% for member in members %}
        {{ member }}_sha256 is not distinct from lag({{ member }}_sha256) over landing
        {% if not loop.last %}and {% endif %}
        {% endfor %}
        as is_same,
        lag(landed_at) over landing is not null as has_earlier
    from uploads
    window landing as (partition by dataset order by landed_at)
),

-- A state that comes back after another is a version of its own.
numbered as (
    select
        *,
        is_same and has_earlier as is_repeat,
        cast(count(case when not (is_same and has_earlier) then 1 end) over (
            partition by dataset
            order by landed_at
            rows between unbounded preceding and current row
        ) as bigint) as version
    from compared
),

final as (
    select
        dataset,
        version,
        landed_at,
        is_complete,
        is_repeat,
        coalesce(
            is_complete and not is_repeat
            and version = max(case when is_complete then version end) over (partition by dataset),
            false
        ) as is_current,
        {% for member in members %}
        {{ member }}_sha256 is not null as has_{{ member }},
        {{ member }}_file_id{% if not loop.last %},{% endif %}
        {% endfor %}
    from numbered
)

select * from final
