with

records as (
    select * from {{ ref('stg_catalog__songs') }}
),

{{ catalog_records('records', 'songs') }}

select * from final
