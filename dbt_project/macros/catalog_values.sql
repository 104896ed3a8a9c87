{# What belongs here: what is derived of a value of a catalog, or of the name of an object. #}

{# The name of an object as its list has it, of the name of the kept file. #}
{% macro object_name(file_name) -%}
    url_decode({{ file_name }})
{%- endmacro %}

{# Lower-case, runs of spaces become one `_`, and only letters, digits and `_` stay, of whatever script. #}
{% macro normalized_title(title) -%}
    regexp_replace(regexp_replace(lower({{ title }}), ' +', '_', 'g'), '[^\p{L}\p{N}_]', '', 'g')
{%- endmacro %}

{# Whether an app is awesome by the rule of the profile it came from. The platform passes the rules as they were checked
   (vsf_assets/rules.py): profile -> SQL of comparisons with numbers; '' is the profile of all others. #}
{% macro is_awesome(profile) -%}
    {%- set rules = fromjson(env_var('VSF_AWESOME_RULES', '{"": "size_bytes < 1000000"}')) -%}
    case {{ profile }}
        {% for name, rule in rules.items() | sort -%}
        when '{{ name }}' then {{ rule }}
        {% endfor -%}
        else {{ rules[''] }}
    end
{%- endmacro %}
