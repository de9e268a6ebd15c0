{#- What one source brings of an input: the column that names the source, the repository's, and when a row happened. -#}
{%- set parts = [
    ('commits', none, 'repository', 'landed_at'),
    ('deployments', 'source', 'repository', 'coalesce(finished_at, started_at, created_at)'),
    ('incidents', 'source', none, 'opened_at'),
    ('pull_requests', none, 'repository', 'greatest(opened_at, merged_at, closed_at)'),
    ('reviews', none, 'repository', 'submitted_at'),
    ('review_threads', none, 'repository', 'opened_at'),
    ('ai_usage', 'source', none, shipworthy.add_hours('bucket_started_at', 'coalesce(bucket_hours, 24)')),
    ('product_metrics', none, none, shipworthy.add_days('cast(measured_on as timestamp)', 1))
] -%}

with

{% for input, _, _, _ in parts -%}
{{ input }} as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__' ~ input) }}
    {% if input == 'commits' %}
    where mainline_position is not null
    {% endif %}
),

{% endfor -%}
parts as (
    {% for input, source, repository, moment in parts %}
    select
        '{{ input }}' as input_name,
        {{ source or 'cast(null as ' ~ dbt.type_string() ~ ')' }} as row_source,
        {{ repository or 'cast(null as ' ~ dbt.type_string() ~ ')' }} as repository,
        count(*) as row_count,
        max(case when {{ shipworthy.is_plausible_time(moment) }} then {{ moment }} end) as newest_at

    from {{ input }}
    {% if source or repository %}
    group by {{ [source, repository] | select | join(', ') }}
    {% endif %}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select * from parts

    where row_count > 0

)

select * from final
