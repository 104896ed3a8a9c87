{# No two rows of a model share its key, and none lacks a required column. One test for both, and one per
   model: each test costs a build as much as a small model does. #}
{% test rows_with_required(model, key=[], required=[]) %}
{%- set shown = (key + required) | unique | list %}

{%- if key %}
select 'repeated' as problem, count(*) as row_count
    {%- for column in shown %}, {{ column if column in key else 'null' }} as {{ column }}{% endfor %}
from {{ model }}
group by {{ key | join(', ') }}
having count(*) > 1
{%- endif %}
{%- if key and required %}
union all
{%- endif %}
{%- if required %}
select 'incomplete' as problem, 1 as row_count, {{ shown | join(', ') }}
from {{ model }}
where {% for column in required %}{{ column }} is null{% if not loop.last %} or {% endif %}{% endfor %}
{%- endif %}

{% endtest %}
