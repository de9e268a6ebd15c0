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

{#- Drops those tables; an on-run-end hook. -#}
{% macro drop_passing_rows() -%}
    {{ return(adapter.dispatch('drop_passing_rows', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__drop_passing_rows() -%}
    {{ return('') }}
{%- endmacro %}

{% macro spark__drop_passing_rows() -%}
    {%- if execute and var('shipworthy__show_people') != true -%}
        {%- for node in shipworthy.own_models() if node.schema.endswith('restricted') and node.config.materialized == 'table' -%}
            {%- do adapter.drop_relation(api.Relation.create(schema=node.schema, identifier=node.alias, type='table')) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
