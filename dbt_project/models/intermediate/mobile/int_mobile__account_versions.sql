{{ config(tags=['previous_build']) }}

with

states as (
    select * from {{ ref('int_mobile__account_states') }}
),

{{ versions('states', 'cust_acct', ['segment_name', 'service_plan']) }}

select * from final
