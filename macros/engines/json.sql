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

{#- One row for each text of a column that holds one text or a JSON list of texts. What is no such list is one text,
    whatever characters it has; null is one null. -#}
{% macro list_to_rows(column) -%}
    {{ return(adapter.dispatch('list_to_rows', 'shipworthy')(column)) }}
{%- endmacro %}

{% macro default__list_to_rows(column) -%}
    unnest(coalesce(try_cast(try_cast({{ column }} as json) as varchar []), [{{ column }}]))
{%- endmacro %}

{#- PostgreSQL 15 has no cast that may fail, so the text is looked at before it is read. -#}
{% macro postgres__list_to_rows(column) -%}
    {%- set item = '(-?[0-9]+|"([^"\\\\[:cntrl:]]|\\\\(["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*")' -%}
    unnest(
        case
            when {{ column }} ~ '^\s*\[\s*({{ item }}(\s*,\s*{{ item }})*)?\s*\]\s*$'
                then array(select item from json_array_elements_text(cast({{ column }} as json)) as item)
            else array[{{ column }}]
        end
    )
{%- endmacro %}

{% macro spark__list_to_rows(column) -%}
    explode(coalesce(from_json({{ column }}, 'array<string>'), array({{ column }})))
{%- endmacro %}
