{% set members = ['namespaces', 'columns', 'datapoints'] %}

with

uploads as (
    select * from {{ ref('int_datasets__uploads') }} where not is_repeat
),

files as (
    {% for member in members %}
    select dataset, version, is_current, landed_at, '{{ member }}.csv' as file_name, {{ loop.index }} as file_order, {{ member }}_file_id as file_id
    from uploads
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

unreadable as (
    select
        uploads.dataset,
        uploads.version,
        uploads.is_current,
        uploads.landed_at,
        ledger.file_name,
        ledger.file_id
    from uploads
    inner join {{ ref('int_ledger__deliveries') }} as ledger
        on
            ledger.feed = 'datasets'
            and ledger.status = 'unreadable'
            and uploads.dataset = ledger.partition_key
            and uploads.landed_at = ledger.landed_at
),

deliveries as (
    select dataset, version, is_current, landed_at, file_name, file_id from files where file_id is not null
    union all
    select * from unreadable
),

findings as (
    select file_id, line_number, anomaly, column_name, raw_value, severity, reason from {{ ref('stg_ledger__findings') }}
    union all
    select file_id, line_number, anomaly, column_name, raw_value, severity, reason from {{ ref('int_datasets__findings') }}
),

found as (
    select deliveries.* exclude (file_id), findings.* exclude (file_id)
    from findings
    inner join deliveries on findings.file_id = deliveries.file_id

    union all

    select
        missing.partition_key, missing.version, false, missing.landed_at, missing.file_name,
        null, missing.anomaly, null, missing.raw_value, missing.severity, missing.reason
    from {{ ref('findings__dataset_uploads') }} as missing
),

final as (
    select
        dataset,
        version,
        is_current,
        file_name,
        case file_name when 'namespaces.csv' then 1 when 'columns.csv' then 2 else 3 end as file_order,
        cast(line_number as bigint) as line_number,
        anomaly,
        column_name,
        raw_value,
        severity,
        reason,
        landed_at
    from found
)

select * from final
order by dataset, version, file_order, line_number
