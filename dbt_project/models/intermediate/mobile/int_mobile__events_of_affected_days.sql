{{ config(materialized='ephemeral') }}

with

{{ arrived_events(ref('int_mobile__affected_days')) }},

repeated as (
    select file_id, line_number from {{ ref('int_mobile__repeated_events') }}
),

final as (
    select arrived.*
    from arrived
    left join repeated on arrived.file_id = repeated.file_id and arrived.line_number = repeated.line_number
    where repeated.line_number is null
)

select * from final
