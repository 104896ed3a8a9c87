{% set payload = [
    'data_point_name',
    'data_point_standard_name',
    'approved_abreviations',
    'data_point_definition',
    'applicable_data_universes',
    'applicable_domicile',
    'data_type',
    'data_point_possible_values',
    'is_derived',
    'methodology_reference',
] %}

with

arrivals as (
    select * from {{ source('raw', 'datapoints') }}
),

uploads as (
    select * from {{ ref('stg_datasets__uploads') }} where not is_repeat
),

{{ repeated_in_file('arrivals', 'uploads', 'datapoints_file_id', 'data_point_id', payload) }}

select * from final
