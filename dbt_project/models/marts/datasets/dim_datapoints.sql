with

uploads as (
    select * from {{ ref('int_datasets__uploads') }}
),

uploaded as (
    {{ rows_of_current_uploads(ref('stg_datasets__datapoints'), 'uploads', 'datapoints_file_id') }}
),

final as (
    select
        {{ surrogate_key(['uploaded.dataset', 'uploaded.version', 'uploaded.data_point_id']) }} as datapoint_key,
        uploaded.dataset,
        uploaded.version,
        uploaded.is_current,
        uploaded.is_complete,
        uploaded.data_point_id,
        uploaded.data_point_name,
        uploaded.data_point_standard_name,
        {{ texts_of('uploaded.approved_abreviations') }} as approved_abbreviations,
        uploaded.data_point_definition,
        {{ texts_of('uploaded.applicable_data_universes') }} as applicable_data_universes,
        {{ texts_of('uploaded.applicable_domicile') }} as applicable_domicile,
        uploaded.data_type,
        {{ texts_of('uploaded.data_point_possible_values') }} as data_point_possible_values,
        uploaded.is_derived,
        uploaded.methodology_reference,
        uploaded.line_number
    from uploaded
    order by uploaded.dataset, uploaded.version, uploaded.line_number
)

select * from final
