{#- `dbt run-operation read_raw_files --args '{directory: /data/raw/current}'`: the raw tables become what
    `shipworthy export` wrote, a view a file, so that the next export is read without another word. -#}
{% macro read_raw_files(directory) -%}
    {{ return(adapter.dispatch('read_raw_files', 'shipworthy')(directory)) }}
{%- endmacro %}

{% macro default__read_raw_files(directory) -%}
    {%- do shipworthy.refuse(
        'read_raw_files is for Spark; ' ~ target.type ~ ' reads the tables of schema ' ~ var('shipworthy__raw_schema') ~ '.'
    ) -%}
{%- endmacro %}

{% macro spark__read_raw_files(directory) -%}
    {%- if not modules.re.fullmatch('[^`]+', directory | string) -%}
        {%- do shipworthy.refuse('the directory of raw files is a path without backticks.') -%}
    {%- endif -%}
    {%- set schema = var('shipworthy__raw_schema') -%}
    {%- do run_query('create schema if not exists ' ~ schema) -%}
    {%- for input in shipworthy.input_keys() -%}
        {%- do run_query(
            'create or replace view ' ~ schema ~ '.' ~ input ~ ' as select * from parquet.`' ~ directory ~ '/' ~ input
            ~ '.parquet`'
        ) -%}
    {%- endfor -%}
    {%- do log('shipworthy: ' ~ schema ~ ' reads the files of ' ~ directory ~ '.', info=true) -%}
{%- endmacro %}
