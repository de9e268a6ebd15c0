{#- Whether the models read an input. Inputs that go together share one switch. -#}
{% macro input_is_on(input) -%}
    {%- set switches = {
        'pull_requests': 'shipworthy__using_pull_requests',
        'reviews': 'shipworthy__using_pull_requests',
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

{#- The inputs that are switched on, of those whose watermarks matter, as a list of literals. -#}
{% macro inputs_switched_on() -%}
    {%- set names = [] -%}
    {%- for input in ('commits', 'deployments', 'incidents', 'ai_usage') if shipworthy.input_is_on(input) -%}
        {%- do names.append("'" ~ input ~ "'") -%}
    {%- endfor -%}
    {{ return(names | join(', ')) }}
{%- endmacro %}
