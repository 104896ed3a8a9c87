-- title: What do the events of a type say of themselves?
-- about: Values are text; numbers, `true` and `null` are their JSON text, so cast them: `try_cast(property_value as
--   double)`.
-- parameter: event_type, text, location_view: type of the events
select properties.property_name, properties.property_value, count(*) as events
from marts.fct_activity_events as activity
inner join marts.dim_event_types as types on activity.event_type_key = types.event_type_key
inner join marts.fct_event_properties as properties
    on activity.event_uuid = properties.event_uuid and activity.event_date = properties.event_date
where types.event_type = $event_type
group by all
order by events desc, properties.property_name, properties.property_value
