{% set payload = [
    'namespace_id',
    'dataset_database_name',
    'dataset_table_name',
    'dataset_column_name',
    'data_point_id',
    'dataset_owner_name',
] %}

with

arrivals as (
    select * from {{ source('raw', 'columns') }}
),

uploads as (
    select * from {{ ref('stg_datasets__uploads') }} where not is_repeat
),

{{ repeated_in_file('arrivals', 'uploads', 'columns_file_id', 'column_id', payload) }}

select * from final
