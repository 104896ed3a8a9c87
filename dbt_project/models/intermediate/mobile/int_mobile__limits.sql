with

limits as (
    select * from {{ ref('stg_mobile__limits') }}
),

files as (
    select file_id, landing_position
    from {{ ref('int_ledger__files') }}
    where feed = 'limits' and status = 'loaded'
),

arrivals as (
    select
        files.file_id,
        limits.line_number,
        limits.mtn,
        limits.cust_acct,
        limits.limiting_date,
        limits.limit_type,
        {{ landing_order('files.landing_position', 'limits.line_number') }} as arrival
    from limits
    inner join files on limits.file_id = files.file_id
),

-- All columns are the key, so a repeat is always an equal row.
final as (
    select
        file_id,
        line_number,
        mtn,
        cust_acct,
        limiting_date,
        limit_type,
        row_number() over same_limit as occurrence,
        first_value(file_id) over same_limit as first_file_id,
        first_value(line_number) over same_limit as first_line_number
    from arrivals
    window same_limit as (partition by mtn, cust_acct, limiting_date, limit_type order by arrival)
)

select * from final
