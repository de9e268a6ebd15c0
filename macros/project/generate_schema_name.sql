{#- In this repository a schema is called what its model says, so that BI reads
    shipworthy.normalized_deployments. dbt takes this macro from the root project only: a project that
    installs the package keeps its own rule. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
