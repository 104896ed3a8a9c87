{# What belongs here: the delivered rows of a feed, with where they landed and which of equal keys came first. What does
   not: the same for millions of rows whose ids ascend (repeated_rows.sql), and states with history (versions.sql). #}

{# A query with the rows of `rows`, a staging model with `file_id` and `line_number`, of the loaded files of a feed, each
   with partition_key, file_name, landing_position and:
   - is_of_newest_file: whether no loaded file of the feed landed after its own;
   - occurrence: its place in landing order among the rows with its `key`, from 1;
   - first_file_name, first_line_number: where the first of them stands;
   - anomaly: of the others `duplicate_row` where all columns equal the first one's, else `duplicate_key`. #}
{% macro ranked_deliveries(rows, feed, key) -%}
    select
        * exclude (row_text),
        case
            when occurrence = 1 then null
            when row_text = first_value(row_text) over same_key then 'duplicate_row'
            else 'duplicate_key'
        end as anomaly,
        first_value(file_name) over same_key as first_file_name,
        first_value(line_number) over same_key as first_line_number
    from (
        select
            *,
            {{ row_without('delivered', without=['file_id', 'line_number']) }} as row_text,
            row_number() over (
                partition by {{ key | join(', ') }} order by landing_position, line_number
            ) as occurrence
        from {{ rows }} as delivered
        inner join (
            select
                file_id, partition_key, file_name, landing_position,
                landing_position = max(landing_position) over () as is_of_newest_file
            from {{ ref('int_ledger__files') }}
            where feed = '{{ feed }}' and status = 'loaded'
        ) as files using (file_id)
    ) as numbered
    window same_key as (partition by {{ key | join(', ') }} order by occurrence)
{%- endmacro %}
