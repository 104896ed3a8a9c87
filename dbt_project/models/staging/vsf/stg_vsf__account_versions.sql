{{ config(tags=['absorbed']) }}

with

states as (
    select * from {{ ref('stg_vsf__account_states') }}
),

{{ versions('states', 'cust_acct', ['segment_name', 'service_plan']) }}

select * from final
