with

uploads as (
    select * from {{ ref('int_datasets__uploads') }}
),

standing as (
    {{ rows_of_current_uploads(ref('stg_datasets__namespaces'), 'uploads', 'namespaces_file_id') }}
),

final as (
    select
        {{ surrogate_key(['standing.dataset', 'standing.version', 'standing.namespace_id']) }} as namespace_key,
        standing.dataset,
        standing.version,
        standing.is_current,
        standing.is_complete,
        standing.namespace_id,
        standing.namespace_option_name,
        standing.namespace_option_standard_name,
        standing.line_number
    from standing
    order by standing.dataset, standing.version, standing.line_number
)

select * from final
