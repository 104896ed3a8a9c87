with

records as (
    select
        *,
        {{ normalized_title('original_title') }} as original_title_normalized
    from {{ ref('stg_catalog__movies') }}
),

{{ catalog_records('records', 'movies') }}

select * from final
