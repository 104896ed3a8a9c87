with

records as (
    select * from {{ source('raw', 'apps') }}
),

{{ catalog_records('records', 'apps') }}

select * from final
