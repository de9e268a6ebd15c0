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

{#- A column read as a type. What cannot be read so is null where the database has a cast that may fail; elsewhere the
    table must have the types of the contract. -#}
{% macro read_as(column, data_type) -%}
    {{ return(adapter.dispatch('read_as', 'shipworthy')(column, data_type)) }}
{%- endmacro %}

{% macro default__read_as(column, data_type) -%}
    {{ return('try_cast(' ~ column ~ ' as ' ~ data_type ~ ')') }}
{%- endmacro %}

{% macro postgres__read_as(column, data_type) -%}
    {{ return('cast(' ~ column ~ ' as ' ~ data_type ~ ')') }}
{%- endmacro %}

{#- A number of any type and size, to be compared before it is cast to one that could not hold it. -#}
{% macro number_of(column) -%}
    {{ return(adapter.dispatch('number_of', 'shipworthy')(column)) }}
{%- endmacro %}

{% macro default__number_of(column) -%}
    {{ return('try_cast(' ~ column ~ ' as double)') }}
{%- endmacro %}

{% macro postgres__number_of(column) -%}
    {{ return('cast(' ~ column ~ ' as numeric)') }}
{%- endmacro %}
