{#- 64 bits: dbt.type_float() is 32 on DuckDB. -#}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__type_double() -%}
    {{ return('double') }}
{%- endmacro %}

{% macro postgres__type_double() -%}
    {{ return('double precision') }}
{%- endmacro %}
