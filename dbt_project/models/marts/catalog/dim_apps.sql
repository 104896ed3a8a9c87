with

versions as (
    select * from {{ ref('dim_app_versions') }}
),

final as (
    select * exclude (version_number, valid_to, is_current), version_number as versions
    from versions
    where is_current
)

select * from final
