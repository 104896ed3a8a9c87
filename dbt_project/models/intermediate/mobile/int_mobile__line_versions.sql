{{ config(tags=['previous_build']) }}

with

states as (
    select * from {{ ref('int_mobile__line_states') }}
),

{{ versions('states', 'mtn', ['device_grouping', 'sales_channel', 'service_activation_date']) }}

select * from final
