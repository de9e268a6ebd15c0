{%- set inputs = [
    'repositories', 'commits', 'line_births', 'line_deaths', 'pull_requests', 'pull_request_commits',
    'pull_request_commit_files', 'reviews', 'review_threads', 'deployments', 'deployment_commits', 'incidents',
    'ai_usage', 'people', 'identities', 'services', 'product_metrics', 'costs', 'load_watermarks',
    'load_findings'
] -%}

with

{% for input in inputs -%}
{{ input }}_read as (

    {{ shipworthy.read_input(input) }}

),

{{ input }}_counted as (

    select
        {{ shipworthy.has_key(input) }} as has_key,
        count(*) as copies,
        min({{ shipworthy.key_text(input) }}) as key_text

    from {{ input }}_read

    group by {{ (shipworthy.key_expressions(input) + [shipworthy.has_key(input)]) | join(', ') }}

),

{% endfor -%}
final as (

    {% for input in inputs -%}
    select
        '{{ input }}' as input_name,
        'duplicate_key' as reason,
        cast(coalesce(sum(case when has_key then copies - 1 else 0 end), 0) as {{ dbt.type_bigint() }}) as row_count,
        min(case when has_key and copies > 1 then key_text end) as example_key

    from {{ input }}_counted

    union all

    select
        '{{ input }}' as input_name,
        'no_key' as reason,
        cast(coalesce(sum(case when not has_key then copies else 0 end), 0) as {{ dbt.type_bigint() }}) as row_count,
        min(case when not has_key then key_text end) as example_key

    from {{ input }}_counted
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
)

select * from final
