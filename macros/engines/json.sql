{#- A text deep in a column that holds JSON; null where it is missing. -#}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text', 'shipworthy')(column, path)) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    json_extract_string({{ column }}, '$.{{ path | join(".") }}')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    (cast({{ column }} as jsonb) #>> '{{ "{" ~ path | join(",") ~ "}" }}')
{%- endmacro %}

{% macro spark__json_text(column, path) -%}
    get_json_object({{ column }}, '$.{{ path | join(".") }}')
{%- endmacro %}
