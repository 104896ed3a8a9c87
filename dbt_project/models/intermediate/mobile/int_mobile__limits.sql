with

limits as (
    select * from {{ source('raw', 'limits') }}
),

files as (
    select file_id, landing_position
    from {{ ref('int_ledger__files') }}
    where feed = 'limits' and status = 'loaded'
),

arrivals as (
    select
        files.file_id,
        limits._line as line_number,
        limits.MTN as mtn,
        limits.CUST_ACCT as cust_acct,
        limits.LIMITING_DT as limiting_date,
        limits.LIMIT_TYPE as limit_type,
        {{ landing_order('files.landing_position', 'limits._line') }} as arrival
    from limits
    inner join files on limits._file_id = files.file_id
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
