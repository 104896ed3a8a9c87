with

files as (
    select * from {{ ref('int_ledger__files') }}
),

limits as (
    select * from {{ ref('int_mobile__limits') }}
),

known_lines as (
    select distinct mtn from {{ ref('int_mobile__line_versions') }}
),

known_accounts as (
    select distinct cust_acct from {{ ref('int_mobile__account_versions') }}
),

findings as (
    select
        limits.file_id,
        limits.line_number,
        'duplicate_row' as anomaly,
        cast(null as varchar) as column_name,
        cast(null as varchar) as raw_value,
        'repeats line ' || limits.first_line_number || ' of ' || files.file_name || ', which stands' as reason
    from limits
    inner join files on limits.first_file_id = files.file_id
    where limits.occurrence > 1

    union all

    select
        limits.file_id,
        limits.line_number,
        'unknown_reference',
        'MTN',
        limits.mtn,
        'no such line was delivered; the limit counts'
    from limits
    left join known_lines on limits.mtn = known_lines.mtn
    where limits.occurrence = 1 and known_lines.mtn is null

    union all

    select
        limits.file_id,
        limits.line_number,
        'unknown_reference',
        'CUST_ACCT',
        limits.cust_acct,
        'no such account was delivered; the limit counts'
    from limits
    left join known_accounts on limits.cust_acct = known_accounts.cust_acct
    where limits.occurrence = 1 and known_accounts.cust_acct is null
),

final as (
    select
        file_id, line_number, anomaly, column_name, raw_value,
        cast(null as varchar) as raw_text,
        'warning' as severity,
        reason
    from findings
)

select * from final
