{{ config(tags=['previous_build']) }}

with

limits as (
    select *, {{ is_plausible_date('limiting_date') }} as is_plausible from {{ ref('int_mobile__limits') }}
),

-- A date that cannot be orders nothing: such a limit names the account only where no other limit does.
usable as (
    select *
    from limits
    where is_plausible or mtn not in (select mtn from limits where is_plausible)
),

-- Two accounts on one line and date: the greater number holds, whatever order they landed in.
states as (
    select
        mtn,
        limiting_date as effective_date,
        max(cust_acct) as cust_acct,
        1 as landing_position,
        1 as line_number
    from usable
    group by mtn, limiting_date
),

{{ versions('states', 'mtn', ['cust_acct']) }}

select * exclude (version_key) from final
