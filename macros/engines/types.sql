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

{#- A number that dbt computed, as a double. Spark takes a literal with a point for a decimal, and reckons on with six of
    its digits. -#}
{% macro double_literal(number) -%}
    {{ return((number | string) if 'e' in (number | string) else (number | string) ~ 'e0') }}
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

{#- What Spark calls a type that a contract or a seed names. -#}
{% macro spark_type(data_type) -%}
    {{ return({'varchar': 'string', 'double precision': 'double'}.get(data_type, data_type)) }}
{%- endmacro %}

{#- dbt's own, which compares a model with its contract, in Spark's words for types. -#}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set spelt = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do spelt.update({name: dict(column, data_type=shipworthy.spark_type(column['data_type']))}) -%}
    {%- endfor -%}
    {{ return(dbt.default__get_empty_schema_sql(spelt)) }}
{%- endmacro %}
