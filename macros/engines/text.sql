{#- One row a part of a separated list. -#}
{% macro split_to_rows(text, separator) -%}
    {{ return(adapter.dispatch('split_to_rows', 'shipworthy')(text, separator)) }}
{%- endmacro %}

{% macro default__split_to_rows(text, separator) -%}
    unnest(string_to_array({{ text }}, '{{ separator }}'))
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
