with

files as (
    select * from {{ ref('int_ledger__files') }}
),

repeated as (
    select file_id, line_number, anomaly, 'MTN' as column_name, mtn as raw_value, replaced_line_number
    from {{ ref('int_mobile__repeated_lines') }}
    union all
    select file_id, line_number, anomaly, 'CUST_ACCT', cust_acct, replaced_line_number
    from {{ ref('int_mobile__repeated_accounts') }}
),

deliveries as (
    select
        file_id,
        sha256,
        lag(sha256) over as_they_take_effect as earlier_sha256,
        lag(file_name) over as_they_take_effect as earlier_file_name,
        lag(landed_at) over as_they_take_effect as earlier_landed_at
    from files
    where feed in ('lines', 'accounts') and status = 'loaded'
    window as_they_take_effect as (
        partition by feed order by {{ effective_date('file_name', 'landed_at') }}, landing_position
    )
),

findings as (
    select
        file_id,
        line_number,
        anomaly,
        column_name,
        raw_value,
        case anomaly when 'duplicate_row' then 'repeats' else 'differs from' end
        || ' line ' || replaced_line_number || ' of the same file; the later line holds' as reason
    from repeated

    union all

    select
        file_id,
        null,
        'duplicate_file',
        null,
        null,
        'same state as ' || earlier_file_name || ', landed ' || cast(earlier_landed_at as varchar)
        || ', directly before it; no version is added'
    from deliveries
    where sha256 = earlier_sha256
),

final as (
    select
        file_id,
        cast(line_number as bigint) as line_number,
        anomaly,
        column_name,
        raw_value,
        cast(null as varchar) as raw_text,
        'warning' as severity,
        reason
    from findings
)

select * from final
