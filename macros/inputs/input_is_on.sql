{#- Whether the models read an input. Inputs that go together share one switch. -#}
{% macro input_is_on(input) -%}
    {%- set switches = {
        'pull_requests': 'shipworthy__using_pull_requests',
        'deployments': 'shipworthy__using_deployments',
        'deployment_commits': 'shipworthy__using_deployments',
        'incidents': 'shipworthy__using_incidents',
        'ai_usage': 'shipworthy__using_ai_usage',
        'people': 'shipworthy__using_people',
        'services': 'shipworthy__using_services'
    } -%}
    {%- if input in switches -%}
        {{ return(var(switches[input]) | as_bool) }}
    {%- endif -%}
    {{ return(true) }}
{%- endmacro %}
