with

records as (
    select * from {{ source('raw', 'songs') }}
),

{{ catalog_records('records', 'songs') }}

select * from final
