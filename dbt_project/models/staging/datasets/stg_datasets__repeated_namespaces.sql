{% set payload = [
    'namespace_option_name',
    'namespace_option_standard_name',
] %}

with

arrivals as (
    select * from {{ source('raw', 'namespaces') }}
),

uploads as (
    select * from {{ ref('stg_datasets__uploads') }} where not is_repeat
),

{{ repeated_in_file('arrivals', 'uploads', 'namespaces_file_id', 'namespace_id', payload) }}

select * from final
