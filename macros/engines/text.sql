{#- What a group of a regular expression matched; null where nothing does. Only what the engines agree on: no lookaround,
    no lazy quantifiers. -#}
{% macro matched_part(text, pattern, group=1) -%}
    {{ return(adapter.dispatch('matched_part', 'shipworthy')(text, pattern, group)) }}
{%- endmacro %}

{% macro default__matched_part(text, pattern, group) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', {{ group }}), '')
{%- endmacro %}

{% macro postgres__matched_part(text, pattern, group) -%}
    nullif((regexp_match({{ text }}, '{{ pattern }}'))[{{ group }}], '')
{%- endmacro %}

{% macro spark__matched_part(text, pattern, group) -%}
    nullif(regexp_extract({{ text }}, r'{{ pattern }}', {{ group }}), '')
{%- endmacro %}

{#- A text's words in lower case, one blank before and after each, so that a whole word can be looked for. -#}
{% macro words_of(text) -%}
    {{ return(adapter.dispatch('words_of', 'shipworthy')(text)) }}
{%- endmacro %}

{% macro default__words_of(text) -%}
    (' ' || trim(regexp_replace(lower({{ text }}), '[^a-z0-9]+', ' ', 'g')) || ' ')
{%- endmacro %}

{% macro spark__words_of(text) -%}
    (' ' || trim(regexp_replace(lower({{ text }}), '[^a-z0-9]+', ' ')) || ' ')
{%- endmacro %}

{% macro starts_with(text, prefix) -%}
    {{ return(adapter.dispatch('starts_with', 'shipworthy')(text, prefix)) }}
{%- endmacro %}

{% macro default__starts_with(text, prefix) -%}
    starts_with({{ text }}, {{ prefix }})
{%- endmacro %}

{% macro spark__starts_with(text, prefix) -%}
    startswith({{ text }}, {{ prefix }})
{%- endmacro %}

{#- A number as people read it: two decimals at most. -#}
{% macro short_number(number) -%}
    {{ return(adapter.dispatch('short_number', 'shipworthy')(number)) }}
{%- endmacro %}

{% macro default__short_number(number) -%}
    cast(round(cast({{ number }} as {{ dbt.type_numeric() }}), 2) as {{ dbt.type_string() }})
{%- endmacro %}

{#- A text without the slashes around it. -#}
{% macro without_slashes(text) -%}
    {{ return(adapter.dispatch('without_slashes', 'shipworthy')(text)) }}
{%- endmacro %}

{#- The standard's form: Spark reads the other one's arguments the other way round. -#}
{% macro default__without_slashes(text) -%}
    trim(both '/' from {{ text }})
{%- endmacro %}

{% macro bigquery__without_slashes(text) -%}
    trim({{ text }}, '/')
{%- endmacro %}

{% macro snowflake__without_slashes(text) -%}
    trim({{ text }}, '/')
{%- endmacro %}
