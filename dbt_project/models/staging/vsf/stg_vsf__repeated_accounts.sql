with

states as (
    select * from {{ ref('stg_vsf__account_states') }}
),

{{ repeated_states('states', 'cust_acct', ['segment_name', 'service_plan']) }}

select * from final
