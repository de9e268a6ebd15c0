{#- Fivetran's GitHub connector: keys instead of nested objects, title and times of a request on its issue. -#}
{% macro fivetran_github_accounts() -%}
    {{ shipworthy.github_table('user', {
        'id': dbt.type_bigint(), 'login': dbt.type_string(), 'type': dbt.type_string()
    }) }}
{%- endmacro %}

{#- Repository and number of each request, which the other tables know by its id. -#}
{% macro fivetran_github_numbers() -%}
    (
        select
            requests.id as request_id,
            requests.head_ref,
            requests.merge_commit_sha,
            requests.additions,
            requests.deletions,
            requests.draft,
            issues.id as issue_id,
            issues.number,
            issues.user_id,
            issues.created_at,
            issues.closed_at,
            issues.updated_at,
            repositories.full_name as repository
        from {{ shipworthy.github_table('pull_request', {
            'id': dbt.type_bigint(), 'issue_id': dbt.type_bigint(), 'head_ref': dbt.type_string(),
            'merge_commit_sha': dbt.type_string(), 'additions': dbt.type_bigint(), 'deletions': dbt.type_bigint(),
            'draft': dbt.type_boolean()
        }) }} as requests
        inner join {{ shipworthy.github_table('issue', {
            'id': dbt.type_bigint(), 'number': dbt.type_bigint(), 'user_id': dbt.type_bigint(),
            'repository_id': dbt.type_bigint(), 'created_at': dbt.type_timestamp(),
            'closed_at': dbt.type_timestamp(), 'updated_at': dbt.type_timestamp()
        }) }} as issues
            on requests.issue_id = issues.id
        inner join {{ shipworthy.fivetran_github_repositories() }} as repositories
            on issues.repository_id = repositories.id
    )
{%- endmacro %}

{% macro fivetran_github_repositories() -%}
    {{ shipworthy.github_table('repository', {'id': dbt.type_bigint(), 'full_name': dbt.type_string()}) }}
{%- endmacro %}

{% macro fivetran_github_requests() -%}
select
    requests.repository,
    requests.number,
    requests.user_id as author_id,
    authors.login as author_login,
    authors.type as author_type,
    requests.created_at as opened_at,
    merges.merged_at,
    requests.closed_at,
    coalesce(merges.commit_sha, requests.merge_commit_sha) as merge_sha,
    requests.head_ref as head_branch,
    requests.additions as lines_added,
    requests.deletions as lines_removed,
    merges.actor_id as merged_by_id,
    mergers.login as merged_by_login,
    mergers.type as merged_by_type,
    requests.draft as is_draft,
    labelled.labels
from {{ shipworthy.fivetran_github_numbers() }} as requests
left join {{ shipworthy.github_table('issue_merged', {
    'issue_id': dbt.type_bigint(), 'merged_at': dbt.type_timestamp(), 'commit_sha': dbt.type_string(),
    'actor_id': dbt.type_bigint()
}) }} as merges
    on requests.issue_id = merges.issue_id
left join {{ shipworthy.fivetran_github_accounts() }} as authors
    on requests.user_id = authors.id
left join {{ shipworthy.fivetran_github_accounts() }} as mergers
    on merges.actor_id = mergers.id
left join {{ shipworthy.fivetran_github_labels() }} as labelled
    on requests.issue_id = labelled.issue_id
{%- endmacro %}

{#- Older connectors write the label's name where newer ones write its id. -#}
{% macro fivetran_github_labels() -%}
    (
        select
            issue_labels.issue_id,
            {{ shipworthy.json_list('coalesce(labels.name, issue_labels.label)') }} as labels
        from {{ shipworthy.github_table('issue_label', {
            'issue_id': dbt.type_bigint(), 'label_id': dbt.type_bigint(), 'label': dbt.type_string()
        }, may_be_missing=true) }} as issue_labels
        left join {{ shipworthy.github_table(
            'label', {'id': dbt.type_bigint(), 'name': dbt.type_string()}, may_be_missing=true
        ) }} as labels
            on issue_labels.label_id = labels.id
        where coalesce(labels.name, issue_labels.label) is not null
        group by issue_labels.issue_id
    )
{%- endmacro %}

{% macro fivetran_github_commits() -%}
select
    requests.repository,
    requests.number,
    commits.sha,
    cast(null as {{ dbt.type_bigint() }}) as author_id,
    {{ shipworthy.login_in_noreply_address('commits.author_email') }} as author_login,
    cast(null as {{ dbt.type_string() }}) as author_type,
    commits.author_email,
    commits.message,
    commits.committer_date as committed_at
from {{ shipworthy.github_table('commit_pull_request', {
    'commit_sha': dbt.type_string(), 'pull_request_id': dbt.type_bigint()
}) }} as links
inner join {{ shipworthy.fivetran_github_numbers() }} as requests
    on links.pull_request_id = requests.request_id
inner join {{ shipworthy.github_table('commit', {
    'sha': dbt.type_string(), 'author_email': dbt.type_string(), 'message': dbt.type_string(),
    'committer_date': dbt.type_timestamp()
}) }} as commits
    on links.commit_sha = commits.sha
{%- endmacro %}

{% macro fivetran_github_reviews() -%}
select
    requests.repository,
    requests.number,
    cast(reviews.id as {{ dbt.type_string() }}) as review_id,
    reviews.user_id as reviewer_id,
    reviewers.login as reviewer_login,
    reviewers.type as reviewer_type,
    lower(reviews.state) as state,
    reviews.submitted_at,
    reviews.body
from {{ shipworthy.github_table('pull_request_review', {
    'id': dbt.type_bigint(), 'pull_request_id': dbt.type_bigint(), 'user_id': dbt.type_bigint(),
    'state': dbt.type_string(), 'submitted_at': dbt.type_timestamp(), 'body': dbt.type_string()
}) }} as reviews
inner join {{ shipworthy.fivetran_github_numbers() }} as requests
    on reviews.pull_request_id = requests.request_id
left join {{ shipworthy.fivetran_github_accounts() }} as reviewers
    on reviews.user_id = reviewers.id
{%- endmacro %}

{% macro fivetran_github_comments() -%}
select
    requests.repository,
    requests.number,
    cast(comments.id as {{ dbt.type_string() }}) as comment_id,
    cast(comments.pull_request_review_id as {{ dbt.type_string() }}) as review_id,
    cast(comments.in_reply_to_id as {{ dbt.type_string() }}) as in_reply_to_id,
    comments.user_id as author_id,
    authors.login as author_login,
    authors.type as author_type,
    comments.path,
    comments.created_at
from {{ shipworthy.github_table('pull_request_review_comments', {
    'id': dbt.type_bigint(), 'pull_request_review_id': dbt.type_bigint(), 'in_reply_to_id': dbt.type_bigint(),
    'pull_request_id': dbt.type_bigint(), 'user_id': dbt.type_bigint(), 'path': dbt.type_string(),
    'created_at': dbt.type_timestamp()
}) }} as comments
inner join {{ shipworthy.fivetran_github_numbers() }} as requests
    on comments.pull_request_id = requests.request_id
left join {{ shipworthy.fivetran_github_accounts() }} as authors
    on comments.user_id = authors.id
{%- endmacro %}

{% macro fivetran_github_deployments() -%}
select
    repositories.full_name as repository,
    cast(deployments.id as {{ dbt.type_string() }}) as deployment_id,
    deployments.sha,
    deployments.environment,
    deployments.created_at,
    creators.login as creator_login,
    creators.type as creator_type
from {{ shipworthy.github_table('deployment', {
    'id': dbt.type_bigint(), 'repository_id': dbt.type_bigint(), 'sha': dbt.type_string(),
    'environment': dbt.type_string(), 'created_at': dbt.type_timestamp(), 'creator_id': dbt.type_bigint()
}) }} as deployments
inner join {{ shipworthy.fivetran_github_repositories() }} as repositories
    on deployments.repository_id = repositories.id
left join {{ shipworthy.fivetran_github_accounts() }} as creators
    on deployments.creator_id = creators.id
{%- endmacro %}

{% macro fivetran_github_deployment_statuses() -%}
select
    cast(deployment_id as {{ dbt.type_string() }}) as deployment_id,
    lower(state) as state,
    created_at
from {{ shipworthy.github_table('deployment_status', {
    'deployment_id': dbt.type_bigint(), 'state': dbt.type_string(), 'created_at': dbt.type_timestamp()
}) }} as statuses
{%- endmacro %}
