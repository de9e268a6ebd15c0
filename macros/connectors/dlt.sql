{#- GitHub's REST payloads as dlt lands them: nested objects become columns joined by two underscores, and there is
    no column of the repository, which stands in the payloads' addresses. -#}
{% macro dlt_github_requests() -%}
select
    {{ shipworthy.repository_in_url('url') }} as repository,
    number,
    user__id as author_id,
    user__login as author_login,
    user__type as author_type,
    created_at as opened_at,
    merged_at,
    closed_at,
    merge_commit_sha as merge_sha,
    head__ref as head_branch,
    additions as lines_added,
    deletions as lines_removed,
    merged_by__id as merged_by_id,
    merged_by__login as merged_by_login,
    merged_by__type as merged_by_type,
    draft as is_draft,
    labelled.labels
from {{ shipworthy.github_table('pull_requests', {
    'url': dbt.type_string(), 'number': dbt.type_bigint(), 'user__id': dbt.type_bigint(),
    'user__login': dbt.type_string(), 'user__type': dbt.type_string(), 'created_at': dbt.type_timestamp(),
    'merged_at': dbt.type_timestamp(), 'closed_at': dbt.type_timestamp(),
    'merge_commit_sha': dbt.type_string(), 'head__ref': dbt.type_string(), 'additions': dbt.type_bigint(),
    'deletions': dbt.type_bigint(), 'merged_by__id': dbt.type_bigint(), 'merged_by__login': dbt.type_string(),
    'merged_by__type': dbt.type_string(), 'draft': dbt.type_boolean(), '_dlt_id': dbt.type_string()
}) }} as requests
left join (
    select
        _dlt_parent_id,
        {{ shipworthy.json_list('name') }} as labels
    from {{ shipworthy.github_table(
        'pull_requests__labels', {'_dlt_parent_id': dbt.type_string(), 'name': dbt.type_string()}, may_be_missing=true
    ) }} as pull_request_labels
    group by _dlt_parent_id
) as labelled
    on requests._dlt_id = labelled._dlt_parent_id
{%- endmacro %}

{#- The payload of a commit does not name its request: `_pull_requests_number` and `_pull_requests_url` are what
    dlt's include_from_parent adds. -#}
{% macro dlt_github_commits() -%}
select
    {{ shipworthy.repository_in_url('_pull_requests_url') }} as repository,
    _pull_requests_number as number,
    sha,
    author__id as author_id,
    author__login as author_login,
    author__type as author_type,
    commit__author__email as author_email,
    commit__message as message,
    commit__committer__date as committed_at
from {{ shipworthy.github_table('pull_request_commits', {
    '_pull_requests_url': dbt.type_string(), '_pull_requests_number': dbt.type_bigint(),
    'sha': dbt.type_string(), 'author__id': dbt.type_bigint(), 'author__login': dbt.type_string(),
    'author__type': dbt.type_string(), 'commit__author__email': dbt.type_string(),
    'commit__message': dbt.type_string(), 'commit__committer__date': dbt.type_timestamp()
}) }} as commits
{%- endmacro %}

{% macro dlt_github_reviews() -%}
select
    {{ shipworthy.repository_in_url('pull_request_url') }} as repository,
    {{ shipworthy.number_in_url('pull_request_url') }} as number,
    cast(id as {{ dbt.type_string() }}) as review_id,
    user__id as reviewer_id,
    user__login as reviewer_login,
    user__type as reviewer_type,
    lower(state) as state,
    submitted_at,
    body
from {{ shipworthy.github_table('reviews', {
    'pull_request_url': dbt.type_string(), 'id': dbt.type_bigint(), 'user__id': dbt.type_bigint(),
    'user__login': dbt.type_string(), 'user__type': dbt.type_string(), 'state': dbt.type_string(),
    'submitted_at': dbt.type_timestamp(), 'body': dbt.type_string()
}) }} as reviews
{%- endmacro %}

{% macro dlt_github_comments() -%}
select
    {{ shipworthy.repository_in_url('pull_request_url') }} as repository,
    {{ shipworthy.number_in_url('pull_request_url') }} as number,
    cast(id as {{ dbt.type_string() }}) as comment_id,
    cast(pull_request_review_id as {{ dbt.type_string() }}) as review_id,
    cast(in_reply_to_id as {{ dbt.type_string() }}) as in_reply_to_id,
    user__id as author_id,
    user__login as author_login,
    user__type as author_type,
    path,
    created_at
from {{ shipworthy.github_table('review_comments', {
    'pull_request_url': dbt.type_string(), 'id': dbt.type_bigint(), 'pull_request_review_id': dbt.type_bigint(),
    'in_reply_to_id': dbt.type_bigint(), 'user__id': dbt.type_bigint(), 'user__login': dbt.type_string(),
    'user__type': dbt.type_string(), 'path': dbt.type_string(), 'created_at': dbt.type_timestamp()
}) }} as comments
{%- endmacro %}

{% macro dlt_github_deployments() -%}
select
    {{ shipworthy.repository_in_url('url') }} as repository,
    cast(id as {{ dbt.type_string() }}) as deployment_id,
    sha,
    environment,
    created_at,
    creator__login as creator_login,
    creator__type as creator_type
from {{ shipworthy.github_table('deployments', {
    'url': dbt.type_string(), 'id': dbt.type_bigint(), 'sha': dbt.type_string(),
    'environment': dbt.type_string(), 'created_at': dbt.type_timestamp(), 'creator__login': dbt.type_string(),
    'creator__type': dbt.type_string()
}) }} as deployments
{%- endmacro %}

{% macro dlt_github_deployment_statuses() -%}
select
    split_part(split_part(deployment_url, '/deployments/', 2), '/', 1) as deployment_id,
    lower(state) as state,
    created_at
from {{ shipworthy.github_table('deployment_statuses', {
    'deployment_url': dbt.type_string(), 'state': dbt.type_string(), 'created_at': dbt.type_timestamp()
}) }} as statuses
{%- endmacro %}
