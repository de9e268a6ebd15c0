{#- What a database must be told to know how many rows it just wrote. PostgreSQL finds out by itself a minute later; until
    then it takes a new table for a small one, and plans joins of the next models that take seconds for milliseconds. -#}
{% macro gather_statistics() -%}
    {{ return(adapter.dispatch('gather_statistics', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__gather_statistics() -%}
    {{ return('') }}
{%- endmacro %}

{% macro postgres__gather_statistics() -%}
    {{ return('' if model.config.materialized == 'view' else 'analyze ' ~ this) }}
{%- endmacro %}
