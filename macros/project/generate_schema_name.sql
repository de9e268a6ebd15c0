{#- In this repository a schema is called what its model says, so that BI reads shipworthy.normalized_deployments. dbt
    asks a package's own macro about the package's models; a project that installs this one keeps its own rule. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if project_name == 'shipworthy' -%}
        {{ (custom_schema_name or target.schema) | trim }}
    {%- else -%}
        {%- set own_rule = context.get(project_name, {}).get('generate_schema_name') -%}
        {{ (own_rule or dbt.default__generate_schema_name)(custom_schema_name, node) }}
    {%- endif -%}
{%- endmacro %}
