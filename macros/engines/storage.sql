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
