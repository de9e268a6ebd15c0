{#- Airbyte's source-github: one table a stream, nested objects as JSON columns. Line counts and who merged stand in
    the stream pull_request_stats. -#}
{% macro airbyte_github_requests() -%}
select
    requests.repository,
    requests.number,
    cast({{ shipworthy.json_text('requests.user_json', ['id']) }} as {{ dbt.type_bigint() }}) as author_id,
    {{ shipworthy.json_text('requests.user_json', ['login']) }} as author_login,
    {{ shipworthy.json_text('requests.user_json', ['type']) }} as author_type,
    requests.created_at as opened_at,
    requests.merged_at,
    requests.closed_at,
    requests.merge_commit_sha as merge_sha,
    {{ shipworthy.json_text('requests.head', ['ref']) }} as head_branch,
    stats.additions as lines_added,
    stats.deletions as lines_removed,
    cast({{ shipworthy.json_text('stats.merged_by', ['id']) }} as {{ dbt.type_bigint() }}) as merged_by_id,
    {{ shipworthy.json_text('stats.merged_by', ['login']) }} as merged_by_login,
    {{ shipworthy.json_text('stats.merged_by', ['type']) }} as merged_by_type,
    requests.draft as is_draft,
    {{ shipworthy.json_names('requests.labels') }} as labels
from {{ shipworthy.github_table('pull_requests', {
    'repository': dbt.type_string(), 'number': dbt.type_bigint(), 'id': dbt.type_bigint(),
    'user': dbt.type_string(), 'created_at': dbt.type_timestamp(), 'merged_at': dbt.type_timestamp(),
    'closed_at': dbt.type_timestamp(), 'merge_commit_sha': dbt.type_string(), 'head': dbt.type_string(),
    'draft': dbt.type_boolean(), 'labels': dbt.type_string()
}) }} as requests
left join {{ shipworthy.github_table('pull_request_stats', {
    'id': dbt.type_bigint(), 'additions': dbt.type_bigint(), 'deletions': dbt.type_bigint(),
    'merged_by': dbt.type_string()
}) }} as stats
    on requests.id = stats.id
{%- endmacro %}

{% macro airbyte_github_commits() -%}
select
    repository,
    pull_number as number,
    sha,
    cast({{ shipworthy.json_text('author', ['id']) }} as {{ dbt.type_bigint() }}) as author_id,
    {{ shipworthy.json_text('author', ['login']) }} as author_login,
    {{ shipworthy.json_text('author', ['type']) }} as author_type,
    {{ shipworthy.json_text('commit', ['author', 'email']) }} as author_email,
    {{ shipworthy.json_text('commit', ['message']) }} as message,
    cast(
        replace({{ shipworthy.json_text('commit', ['committer', 'date']) }}, 'Z', '') as {{ dbt.type_timestamp() }}
    ) as committed_at
from {{ shipworthy.github_table('pull_request_commits', {
    'repository': dbt.type_string(), 'pull_number': dbt.type_bigint(), 'sha': dbt.type_string(),
    'author': dbt.type_string(), 'commit': dbt.type_string()
}) }} as commits
{%- endmacro %}

{% macro airbyte_github_reviews() -%}
select
    repository,
    {{ shipworthy.number_in_url('pull_request_url') }} as number,
    cast(id as {{ dbt.type_string() }}) as review_id,
    cast({{ shipworthy.json_text('user_json', ['id']) }} as {{ dbt.type_bigint() }}) as reviewer_id,
    {{ shipworthy.json_text('user_json', ['login']) }} as reviewer_login,
    {{ shipworthy.json_text('user_json', ['type']) }} as reviewer_type,
    lower(state) as state,
    submitted_at,
    body
from {{ shipworthy.github_table('reviews', {
    'repository': dbt.type_string(), 'pull_request_url': dbt.type_string(), 'id': dbt.type_bigint(),
    'user': dbt.type_string(), 'state': dbt.type_string(), 'submitted_at': dbt.type_timestamp(),
    'body': dbt.type_string()
}) }} as reviews
{%- endmacro %}

{% macro airbyte_github_comments() -%}
select
    repository,
    {{ shipworthy.number_in_url('pull_request_url') }} as number,
    cast(id as {{ dbt.type_string() }}) as comment_id,
    cast(pull_request_review_id as {{ dbt.type_string() }}) as review_id,
    cast(in_reply_to_id as {{ dbt.type_string() }}) as in_reply_to_id,
    cast({{ shipworthy.json_text('user_json', ['id']) }} as {{ dbt.type_bigint() }}) as author_id,
    {{ shipworthy.json_text('user_json', ['login']) }} as author_login,
    {{ shipworthy.json_text('user_json', ['type']) }} as author_type,
    path,
    created_at
from {{ shipworthy.github_table('review_comments', {
    'repository': dbt.type_string(), 'pull_request_url': dbt.type_string(), 'id': dbt.type_bigint(),
    'pull_request_review_id': dbt.type_bigint(), 'in_reply_to_id': dbt.type_bigint(),
    'user': dbt.type_string(), 'path': dbt.type_string(), 'created_at': dbt.type_timestamp()
}) }} as comments
{%- endmacro %}

{% macro airbyte_github_deployments() -%}
select
    repository,
    cast(id as {{ dbt.type_string() }}) as deployment_id,
    sha,
    environment,
    created_at,
    {{ shipworthy.json_text('creator', ['login']) }} as creator_login,
    {{ shipworthy.json_text('creator', ['type']) }} as creator_type
from {{ shipworthy.github_table('deployments', {
    'repository': dbt.type_string(), 'id': dbt.type_bigint(), 'sha': dbt.type_string(),
    'environment': dbt.type_string(), 'created_at': dbt.type_timestamp(), 'creator': dbt.type_string()
}) }} as deployments
{%- endmacro %}

{% macro airbyte_github_deployment_statuses() -%}
select
    cast(deployment_id as {{ dbt.type_string() }}) as deployment_id,
    lower(state) as state,
    created_at
from {{ shipworthy.github_table('deployment_statuses', {
    'deployment_id': dbt.type_bigint(), 'state': dbt.type_string(), 'created_at': dbt.type_timestamp()
}) }} as statuses
{%- endmacro %}
