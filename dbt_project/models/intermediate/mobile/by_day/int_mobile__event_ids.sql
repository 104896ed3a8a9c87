{{ config(meta={'days': 'int_mobile__changed_days'}) }}

with

{{ arrived_events(ref('int_mobile__changed_days')) }}

select distinct
    event_date,
    {{ short_hash('uuid') }} as uuid_hash
from arrived
