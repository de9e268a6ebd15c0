{#- Rows of one input of the source contract: from a model of the project that stands for it, from the demo seeds, from
    the raw tables, or, where the input is switched off, no rows of the same columns. -#}
{% macro read_input(input) -%}
    {%- set relations = shipworthy.checked_variable('shipworthy__relations') or {} -%}
    {%- if not shipworthy.input_is_on(input) -%}
    select
        {%- for column, data_type in shipworthy.input_columns(input).items() %}
        cast(null as {{ data_type }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- elif input in relations -%}
    select * from {{ ref(project_name, relations[input]) }}
    {%- elif shipworthy.is_from_github_tables(input) -%}
    {{ shipworthy.github_input(input) }}
    {%- elif var('shipworthy__demo') == 'auto' and shipworthy.demo_may_be_read() -%}
    {#- Both are named, whichever is read: dbt learns what a model hangs on before the warehouse can be asked. -#}
    {%- set demo = ref('shipworthy', input) -%}
    {%- set raw = source('shipworthy_raw', input) -%}
    select * from {{ demo if execute and shipworthy.is_demo() else raw }}
    {%- elif shipworthy.is_demo() -%}
    select * from {{ ref('shipworthy', input) }}
    {%- else -%}
    select * from {{ source('shipworthy_raw', input) }}
    {%- endif -%}
{%- endmacro %}
