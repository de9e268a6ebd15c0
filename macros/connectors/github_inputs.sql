{#- Inputs of the contract out of GitHub's tables, whichever tool landed them. -#}
{% macro github_input(input) -%}
    {%- set inputs = {
        'pull_requests': shipworthy.github_pull_requests,
        'pull_request_commits': shipworthy.github_pull_request_commits,
        'reviews': shipworthy.github_reviews,
        'review_threads': shipworthy.github_review_threads,
        'deployments': shipworthy.github_deployments
    } -%}
    {{ inputs[input]() }}
{%- endmacro %}

{#- A request is AI where its author's account is an agent's, or at least half of its commits are. -#}
{% macro github_pull_requests() -%}
    select
        requests.repository,
        requests.number,
        requests.author_key,
        requests.author_kind,
        case
            when requests.author_kind = 'agent' then 'ai'
            when requests.author_kind = 'automation' then 'automation'
            when commits.ai_commits * 2 >= commits.commits then 'ai'
            else 'untagged'
        end as authorship,
        case
            when requests.author_kind = 'agent' then requests.ai_tool
            when commits.ai_commits * 2 >= commits.commits then commits.ai_tool
        end as ai_tool,
        requests.opened_at,
        case when not requests.is_draft then requests.opened_at end as ready_at,
        requests.merged_at,
        requests.closed_at,
        requests.merge_sha,
        requests.head_branch,
        commits.first_commit_at,
        requests.lines_added,
        requests.lines_removed,
        requests.merged_by_key,
        cast(null as {{ dbt.type_string() }}) as closed_by_key,
        cast(null as {{ dbt.type_string() }}) as closed_by_kind,
        case
            when requests.author_kind = 'agent' and requests.merged_by_kind = 'human' then requests.merged_by_key
        end as driver_key,
        requests.labels
    from {{ ref('shipworthy', 'stg_shipworthy__github_requests') }} as requests
    left join (
        select
            repository,
            number,
            count(*) as commits,
            sum(case when authorship = 'ai' then 1 else 0 end) as ai_commits,
            min(ai_tool) as ai_tool,
            min(committed_at) as first_commit_at
        from {{ ref('shipworthy', 'stg_shipworthy__github_commits') }}
        group by repository, number
    ) as commits
        on requests.repository = commits.repository and requests.number = commits.number
{%- endmacro %}

{% macro github_pull_request_commits() -%}
    select
        repository,
        number,
        sha,
        author_key,
        author_kind,
        authorship,
        ai_tool,
        committed_at
    from {{ ref('shipworthy', 'stg_shipworthy__github_commits') }}
{%- endmacro %}

{#- A reply makes a review of its own, without a text and without a thread: that is no review. -#}
{% macro github_reviews() -%}
    select
        reviews.repository,
        reviews.number,
        reviews.review_id,
        reviews.reviewer_key,
        reviews.reviewer_kind,
        reviews.state,
        reviews.submitted_at,
        coalesce(threads.comment_threads, 0) as comment_threads,
        cast(null as {{ dbt.type_bigint() }}) as lines_at_review
    from {{ ref('shipworthy', 'stg_shipworthy__github_reviews') }} as reviews
    left join (
        select
            repository,
            review_id,
            count(*) as comment_threads
        from {{ ref('shipworthy', 'stg_shipworthy__github_comments') }}
        where in_reply_to_id is null
        group by repository, review_id
    ) as threads
        on reviews.repository = threads.repository and reviews.review_id = threads.review_id
    where reviews.state != 'commented' or reviews.has_text or threads.comment_threads > 0
{%- endmacro %}

{% macro github_review_threads() -%}
    select
        threads.repository,
        threads.number,
        threads.comment_id as thread_id,
        threads.author_key,
        threads.author_kind,
        threads.path,
        threads.created_at as opened_at,
        coalesce(answers.replies, 0) as replies
    from {{ ref('shipworthy', 'stg_shipworthy__github_comments') }} as threads
    left join (
        select
            repository,
            in_reply_to_id,
            count(*) as replies
        from {{ ref('shipworthy', 'stg_shipworthy__github_comments') }}
        where in_reply_to_id is not null
        group by repository, in_reply_to_id
    ) as answers
        on threads.repository = answers.repository and threads.comment_id = answers.in_reply_to_id
    where threads.in_reply_to_id is null
{%- endmacro %}

{% macro github_deployments() -%}
    select
        deployment_id,
        repository,
        repository as service,
        environment,
        sha,
        status,
        created_at,
        started_at,
        finished_at,
        deployed_by_kind,
        cast(null as {{ dbt.type_boolean() }}) as is_rollback,
        'deploy' as kind,
        'github' as source
    from {{ ref('shipworthy', 'stg_shipworthy__github_deployments') }}
{%- endmacro %}
