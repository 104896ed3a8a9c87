with

uploads as (
    select * from {{ ref('int_datasets__uploads') }}
),

uploaded as (
    {{ rows_of_current_uploads(ref('stg_datasets__columns'), 'uploads', 'columns_file_id') }}
),

namespaces as (
    select * from {{ ref('dim_namespaces') }}
),

datapoints as (
    select * from {{ ref('dim_datapoints') }}
),

final as (
    select
        {{ surrogate_key(['uploaded.dataset', 'uploaded.version', 'uploaded.column_id']) }} as dataset_column_key,
        uploaded.dataset,
        uploaded.version,
        uploaded.is_current,
        uploaded.is_complete,
        namespaces.namespace_key,
        datapoints.datapoint_key,
        uploaded.column_id,
        uploaded.namespace_id,
        uploaded.dataset_database_name,
        uploaded.dataset_table_name,
        uploaded.dataset_column_name,
        uploaded.data_point_id,
        uploaded.dataset_owner_name,
        uploaded.line_number
    from uploaded
    left join namespaces
        on
            uploaded.dataset = namespaces.dataset
            and uploaded.version = namespaces.version
            and uploaded.namespace_id = namespaces.namespace_id
    left join datapoints
        on
            uploaded.dataset = datapoints.dataset
            and uploaded.version = datapoints.version
            and uploaded.data_point_id = datapoints.data_point_id
    order by uploaded.dataset, uploaded.version, uploaded.line_number
)

select * from final
