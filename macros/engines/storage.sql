{#- Format of the file that the database writes, where it is a file: v1.4.0+; none elsewhere. -#}
{% macro storage_format() -%}
    {{ return(adapter.dispatch('storage_format', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__storage_format() -%}
    {{ return(none) }}
{%- endmacro %}

{% macro duckdb__storage_format() -%}
    {%- set found = run_query(
        "select tags['storage_version'] as storage_format from duckdb_databases() where database_name = current_database()"
    ) -%}
    {{ return(found.columns[0].values() | first) }}
{%- endmacro %}

{#- Whether nothing is left in a relation's schema; where that is not known, no. -#}
{% macro is_empty_schema(relation) -%}
    {{ return(adapter.dispatch('is_empty_schema', 'shipworthy')(relation)) }}
{%- endmacro %}

{% macro default__is_empty_schema(relation) -%}
    {{ return(false) }}
{%- endmacro %}

{% macro duckdb__is_empty_schema(relation) -%}
    {%- set left = run_query(
        "select 1 as one from information_schema.tables where table_catalog = '" ~ relation.database
        ~ "' and table_schema = '" ~ relation.schema ~ "' limit 1"
    ) -%}
    {{ return(left.rows | length == 0) }}
{%- endmacro %}

{% macro postgres__is_empty_schema(relation) -%}
    {{ return(shipworthy.duckdb__is_empty_schema(relation)) }}
{%- endmacro %}
