{{ config(tags=['absorbed']) }}

with

limits as (
    select * from {{ ref('stg_vsf__limits') }}
),

-- Two accounts on one line and date: the greater number holds, whatever order they landed in.
states as (
    select
        mtn,
        limiting_date as effective_date,
        max(cust_acct) as cust_acct,
        1 as landing_position,
        1 as line_number
    from limits
    group by mtn, limiting_date
),

{{ versions('states', 'mtn', ['cust_acct']) }}

select * exclude (version_key) from final
