with

records as (
    select * from {{ ref('stg_catalog__apps') }}
),

{{ catalog_records('records', 'apps') }}

select * from final
