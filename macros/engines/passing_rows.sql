{#- How rows are handed to the models that read them, when nothing of them is to stay. -#}
{% macro passing_rows() -%}
    {{ return(adapter.dispatch('passing_rows', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__passing_rows() -%}
    {{ return('ephemeral') }}
{%- endmacro %}

{#- Spark plans and computes what is written into a query as often as it is named there: hours, where a table takes
    seconds. The tables go when the run ends. -#}
{% macro spark__passing_rows() -%}
    {{ return('table') }}
{%- endmacro %}
