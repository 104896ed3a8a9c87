with

limits as (
    select * from {{ ref('int_mobile__limits') }} where occurrence = 1
),

lines as (
    select * from {{ ref('dim_lines') }} where not is_unknown
),

accounts as (
    select * from {{ ref('dim_accounts') }} where not is_unknown
),

final as (
    select
        {{ surrogate_key(['limits.mtn', 'limits.cust_acct', 'limits.limiting_date', 'limits.limit_type']) }} as usage_limit_key,
        limits.mtn,
        limits.cust_acct,
        limits.limiting_date,
        {{ date_key('limits.limiting_date', is_plausible_date('limits.limiting_date')) }} as date_key,
        limits.limit_type,
        coalesce(lines.line_key, {{ unknown_key() }}) as line_key,
        coalesce(accounts.account_key, {{ unknown_key() }}) as account_key
    from limits
    left join lines on limits.mtn = lines.mtn and {{ is_valid_at('lines', 'limits.limiting_date') }}
    left join accounts on limits.cust_acct = accounts.cust_acct and {{ is_valid_at('accounts', 'limits.limiting_date') }}
)

select * from final
order by mtn, limiting_date, cust_acct, limit_type
