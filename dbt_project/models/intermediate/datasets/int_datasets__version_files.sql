{{ config(materialized='ephemeral') }}

{% set members = ['namespaces', 'columns', 'datapoints'] %}

with

uploads as (
    select * from {{ ref('int_datasets__uploads') }} where not is_repeat
),

loaded as (
    {% for member in members %}
    select dataset, version, is_current, landed_at, '{{ member }}.csv' as file_name, {{ member }}_file_id as file_id
    from uploads
    where {{ member }}_file_id is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

unreadable as (
    select
        uploads.dataset,
        uploads.version,
        uploads.is_current,
        uploads.landed_at,
        files.file_name,
        files.file_id
    from uploads
    inner join {{ ref('int_ledger__deliveries') }} as files
        on
            files.feed = 'datasets'
            and files.status = 'unreadable'
            and uploads.dataset = files.partition_key
            and uploads.landed_at = files.landed_at
)

select * from loaded
union all
select * from unreadable
