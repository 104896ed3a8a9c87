with

uploads as (
    select * from {{ ref('int_datasets__uploads') }}
),

standing as (
    {{ rows_of_current_uploads(ref('stg_datasets__datapoints'), 'uploads', 'datapoints_file_id') }}
),

final as (
    select
        {{ surrogate_key(['standing.dataset', 'standing.version', 'standing.data_point_id']) }} as datapoint_key,
        standing.dataset,
        standing.version,
        standing.is_current,
        standing.is_complete,
        standing.data_point_id,
        standing.data_point_name,
        standing.data_point_standard_name,
        {{ texts_of('standing.approved_abreviations') }} as approved_abbreviations,
        standing.data_point_definition,
        {{ texts_of('standing.applicable_data_universes') }} as applicable_data_universes,
        {{ texts_of('standing.applicable_domicile') }} as applicable_domicile,
        standing.data_type,
        {{ texts_of('standing.data_point_possible_values') }} as data_point_possible_values,
        standing.is_derived,
        standing.methodology_reference,
        standing.line_number
    from standing
    order by standing.dataset, standing.version, standing.line_number
)

select * from final
