{% set members = {
    'namespaces': ['namespace_id', 'namespace_option_name', 'namespace_option_standard_name'],
    'columns': [
        'column_id',
        'namespace_id',
        'dataset_database_name',
        'dataset_table_name',
        'dataset_column_name',
        'data_point_id',
        'dataset_owner_name',
    ],
    'datapoints': [
        'data_point_id',
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
    ],
} %}

with

uploads as (
    select * from {{ ref('int_datasets__uploads') }} where not is_repeat
),

{% for member, fields in members.items() %}
{{ repeated_in_file(source('raw', member), 'uploads', member, fields[0], fields[1:]) }},

{% endfor %}
final as (
    {% for member in members %}
    select * from repeated_{{ member }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from final
