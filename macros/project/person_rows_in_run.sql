{#- The rows of a model of person rows, for a model that reads them. A run that also builds `<model>_in_run` computes them
    once, into that table, which goes when the run ends; any other run computes them where they are read. -#}
{% macro read_person_rows(model_name) -%}
    {%- set passing = model_name ~ '_in_run' -%}
    {%- if not execute -%}
        {%- if shipworthy.person_rows() == 'ephemeral' -%}
            {%- do ref('shipworthy', passing) -%}
        {%- endif -%}
        {{ return(ref('shipworthy', model_name)) }}
    {%- endif -%}
    {%- set is_built = flags.WHICH in ('build', 'run') and 'model.shipworthy.' ~ passing in selected_resources -%}
    {{ return(ref('shipworthy', passing if is_built and model.resource_type != 'unit_test' else model_name)) }}
{%- endmacro %}

{#- Drops the tables of person rows that are there while a run lasts, also those that a killed run left; an on-run-end
    hook. Where people are shown, what is in schema `restricted` was asked for. -#}
{% macro drop_person_rows() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') and var('shipworthy__show_people') != true -%}
        {%- for node in shipworthy.own_models() if node.config.schema == 'restricted' -%}
            {%- set place = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
            {%- call statement('shipworthy_person_rows', auto_begin=true) -%}
                drop table if exists {{ place }}
            {%- endcall -%}
            {%- do adapter.commit() -%}
            {%- if loop.last and node.schema != target.schema and shipworthy.is_empty_schema(place) -%}
                {%- do adapter.drop_schema(place.without_identifier()) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
