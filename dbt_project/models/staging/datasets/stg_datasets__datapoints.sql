select
    _file_id as file_id,
    _line as line_number,
    data_point_id,
    data_point_name,
    data_point_standard_name,
    approved_abreviations,
    data_point_definition,
    applicable_data_universes,
    applicable_domicile,
    data_type,
    data_point_possible_values,
    is_derived,
    methodology_reference
from {{ source('raw', 'datapoints') }}
