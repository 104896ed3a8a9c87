{{ config(tags=['previous_build']) }}

with

known as (
    {{ previous_build('int_mobile__shared_ids', {'uuid_hash': 'bigint'}) }}
),

-- An id that stands on two dates of which none changed stood on them before. So all ids are searched once, for these: not
-- by a name of their own, of which DuckDB would make a copy.
candidates as (
    select uuid_hash
    from {{ ref('int_mobile__event_ids') }}
    where event_date in (select event_date from {{ ref('int_mobile__changed_days') }})
    union
    select uuid_hash from known
),

dates as (
    select ids.uuid_hash, ids.event_date
    from {{ ref('int_mobile__event_ids') }} as ids
    inner join candidates on ids.uuid_hash = candidates.uuid_hash
),

shared as (
    select uuid_hash
    from dates
    group by uuid_hash
    having count(*) > 1
),

final as (
    select dates.uuid_hash, dates.event_date
    from dates
    inner join shared on dates.uuid_hash = shared.uuid_hash
)

select * from final
order by event_date
