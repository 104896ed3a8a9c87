with

states as (
    select * from {{ ref('int_mobile__account_states') }}
),

{{ repeated_states('states', 'cust_acct', ['segment_name', 'service_plan']) }}

select * from final
