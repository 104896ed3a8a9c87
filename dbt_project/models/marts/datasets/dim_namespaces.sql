with

uploads as (
    select * from {{ ref('int_datasets__uploads') }}
),

uploaded as (
    {{ rows_of_current_uploads(ref('stg_datasets__namespaces'), 'uploads', 'namespaces_file_id') }}
),

final as (
    select
        {{ surrogate_key(['uploaded.dataset', 'uploaded.version', 'uploaded.namespace_id']) }} as namespace_key,
        uploaded.dataset,
        uploaded.version,
        uploaded.is_current,
        uploaded.is_complete,
        uploaded.namespace_id,
        uploaded.namespace_option_name,
        uploaded.namespace_option_standard_name,
        uploaded.line_number
    from uploaded
    order by uploaded.dataset, uploaded.version, uploaded.line_number
)

select * from final
