with

files as (
    select * from {{ ref('int_datasets__version_files') }}
),

findings as (
    select file_id, line_number, anomaly, column_name, raw_value, severity, reason from {{ ref('stg_ledger__findings') }}
    union all
    select file_id, line_number, anomaly, column_name, raw_value, severity, reason from {{ ref('int_datasets__findings') }}
),

found as (
    select files.* exclude (file_id), findings.* exclude (file_id)
    from findings
    inner join files on findings.file_id = files.file_id

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
