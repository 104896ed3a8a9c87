with

uploads as (
    select * from {{ ref('int_datasets__uploads') }}
),

standing as (
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
        {{ surrogate_key(['standing.dataset', 'standing.version', 'standing.column_id']) }} as dataset_column_key,
        standing.dataset,
        standing.version,
        standing.is_current,
        standing.is_complete,
        namespaces.namespace_key,
        datapoints.datapoint_key,
        standing.column_id,
        standing.namespace_id,
        standing.dataset_database_name,
        standing.dataset_table_name,
        standing.dataset_column_name,
        standing.data_point_id,
        standing.dataset_owner_name,
        standing.line_number
    from standing
    left join namespaces
        on
            standing.dataset = namespaces.dataset
            and standing.version = namespaces.version
            and standing.namespace_id = namespaces.namespace_id
    left join datapoints
        on
            standing.dataset = datapoints.dataset
            and standing.version = datapoints.version
            and standing.data_point_id = datapoints.data_point_id
    order by standing.dataset, standing.version, standing.line_number
)

select * from final
