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

{#- The names of a JSON list of objects that have one, as a JSON list; null where the column holds no list. -#}
{% macro json_names(column) -%}
    {{ return(adapter.dispatch('json_names', 'shipworthy')(column)) }}
{%- endmacro %}

{% macro default__json_names(column) -%}
    cast(to_json(json_extract_string(try_cast({{ column }} as json), '$[*].name')) as varchar)
{%- endmacro %}

{% macro postgres__json_names(column) -%}
    cast(jsonb_path_query_array(cast({{ column }} as jsonb), '$[*].name') as text)
{%- endmacro %}

{% macro spark__json_names(column) -%}
    to_json(from_json({{ column }}, 'array<struct<name:string>>').name)
{%- endmacro %}

{#- Texts of a group as a JSON list, in their order. -#}
{% macro json_list(text) -%}
    {{ return(adapter.dispatch('json_list', 'shipworthy')(text)) }}
{%- endmacro %}

{% macro default__json_list(text) -%}
    cast(to_json(list({{ text }} order by {{ text }})) as varchar)
{%- endmacro %}

{% macro postgres__json_list(text) -%}
    cast(json_agg({{ text }} order by {{ text }}) as text)
{%- endmacro %}

{% macro spark__json_list(text) -%}
    to_json(sort_array(collect_list({{ text }})))
{%- endmacro %}
