{# What belongs here: what is derived of a value of a catalog, or of the name of an object. #}

{# The name of an object as its list has it, of the name of the kept file. #}
{% macro object_name(file_name) -%}
    url_decode({{ file_name }})
{%- endmacro %}

{# NFC and lower case, runs of spaces become one `_`, and only letters, combining marks, digits and `_` stay, of whatever
   script: without its vowel signs `सैयारा` would be `सियार`. Where nothing of a title is left, it stays as it is but for its
   spaces: else all titles of signs were one. #}
{% macro normalized_title(title) -%}
    coalesce(
        nullif(regexp_replace({{ _spaces_joined(title) }}, '[^\p{L}\p{M}\p{N}_]', '', 'g'), ''),
        {{ _spaces_joined(title) }}
    )
{%- endmacro %}

{% macro _spaces_joined(title) -%}
    regexp_replace({{ lower_text(title) }}, ' +', '_', 'g')
{%- endmacro %}

{# Whether an app is awesome by the rule of the profile it came from. The platform passes the rules as they were checked
   (vsf_assets/config/rule_expressions.py): profile -> SQL of comparisons with numbers; '' is the profile of all others. They are part of the project's version: after
   another rule the next build makes everything. #}
{% macro is_awesome(profile) -%}
    {%- set rules = fromjson(env_var('VSF_AWESOME_RULES', '{"": "size_bytes < 1000000"}')) -%}
    case {{ profile }}
        {% for name, rule in rules.items() | sort -%}
        when '{{ name }}' then {{ rule }}
        {% endfor -%}
        else {{ rules[''] }}
    end
{%- endmacro %}
