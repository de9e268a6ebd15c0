{#- Whether the models read an input: every switch of it must be on. What hangs on another input goes with it, and
    births and deaths go together, because births alone would read as code that nobody ever removes. -#}
{% macro input_is_on(input) -%}
    {%- set switches = {
        'commits': [],
        'line_births': ['line_lifetimes'],
        'line_deaths': ['line_lifetimes'],
        'pull_request_commits': ['pull_requests', 'pull_request_commits'],
        'pull_request_commit_files': ['pull_requests', 'pull_request_commits', 'pull_request_commit_files'],
        'review_threads': ['reviews', 'review_threads'],
        'deployment_commits': ['deployments', 'deployment_commits']
    } -%}
    {%- for switch in switches.get(input, [input]) if not var('shipworthy__using_' ~ switch) | as_bool -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{#- The inputs that are switched on, of those whose rows have a time up to which they are known, as literals. -#}
{% macro dated_inputs_switched_on() -%}
    {%- set names = [] -%}
    {%- for input in (
        'commits', 'deployments', 'incidents', 'pull_requests', 'reviews', 'review_threads', 'ai_usage', 'product_metrics'
    ) if shipworthy.input_is_on(input) -%}
        {%- do names.append("'" ~ input ~ "'") -%}
    {%- endfor -%}
    {{ return(names | join(', ')) }}
{%- endmacro %}

{#- The same of requests, reviews and what hangs on them, which do not decide what as_of is. -#}
{% macro review_inputs_switched_on() -%}
    {%- set names = ["''"] -%}
    {%- for input in (
        'pull_requests', 'reviews', 'review_threads', 'pull_request_commits', 'pull_request_commit_files'
    ) if shipworthy.input_is_on(input) -%}
        {%- do names.append("'" ~ input ~ "'") -%}
    {%- endfor -%}
    {{ return(names | join(', ')) }}
{%- endmacro %}
