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

    {% set keys = shipworthy.keys_as_read(input) -%}
    select
        {{ shipworthy.has_key(input, keys) }} as has_key,
        count(*) as copies,
        min({{ shipworthy.key_text(input) }}) as key_text

    from {{ input }}_read

    group by {{ (shipworthy.key_expressions(input, keys) + [shipworthy.has_key(input, keys)]) | join(', ') }}

),

{% endfor -%}
found as (

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
    {% for reason, condition in shipworthy.holds_what_is_read_as_unknown(input).items() %}
    union all

    select
        '{{ input }}' as input_name,
        '{{ reason }}' as reason,
        cast(count(*) as {{ dbt.type_bigint() }}) as row_count,
        min({{ shipworthy.key_text(input) }}) as example_key

    from {{ input }}_read

    where {{ condition }}
    {% endfor %}
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
),

-- A row that holds what nobody can mean is kept, without it.
final as (

    select
        input_name,
        reason,
        case when reason = 'no_key' then 'left_out' else 'handled' end as handling,
        case
            when reason = 'no_key' then 'part of its key is unknown'
            when reason = 'duplicate_key' then 'one row of each key is kept: the one that knows most'
            when reason = 'implausible_time' then 'a time before 1970 or from 2100 on is read as unknown'
            when reason = 'implausible_number'
                then 'a count below 0 or above 10^12, or an amount beyond 10^15, is read as unknown'
            else 'what is neither true nor false is read as unknown'
        end as what_happens,
        row_count,
        example_key,
        sum(case when reason in ('no_key', 'duplicate_key') then row_count else 0 end) over (partition by input_name)
            as rows_left_out

    from found

)

select * from final
