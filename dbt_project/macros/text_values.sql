{# What belongs here: text in one spelling, for keys. What does not: what a key is made of (keys.sql, catalog_values.sql). #}

{# A text in NFC and lower case, as Unicode's full mapping has it. DuckDB maps character by character: it turns `İ` into
   `i` without its dot, and a `Σ` at the end of a word into `σ`, so that ΟΔΟΣ and οδος would be two keys. A word ends where
   no cased letter follows; marks, apostrophes and the like between letters do not end it. #}
{% macro lower_text(text) -%}
    {%- set cased -%}
    \p{Lu}\p{Ll}\p{Lt}ªº\x{2160}-\x{217F}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}
    {%- endset -%}
    {%- set between -%}
    \p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}\x27.:\x{B7}\x{387}\x{55F}\x{5F4}\x{2018}\x{2019}\x{2024}\x{2027}\x{FE13}\x{FE52}\x{FE55}\x{FF07}\x{FF0E}\x{FF1A}
    {%- endset -%}
    lower(regexp_replace(
        replace(nfc_normalize({{ text }}), 'İ', 'i' || chr(775)),
        '([{{ cased }}][{{ between }}]*)Σ([{{ between }}]*)($|[^{{ cased }}{{ between }}])', '\1ς\2\3', 'g'
    ))
{%- endmacro %}

{# A text in which `|` and the backslash have a backslash before them. Of the parts of a key that may hold a `|`, all but
   the last are written so: else ('a|b', 'c') and ('a', 'b|c') were one key. Other texts stay as they are. #}
{% macro without_bars(text) -%}
    replace(replace({{ text }}, '\', '\\'), '|', '\|')
{%- endmacro %}
