{%- set request_key = "repository || ' ' || cast(number as " ~ dbt.type_string() ~ ")" -%}
{%- set branch_commit_key = request_key ~ " || ' ' || sha" -%}
{%- set thread_key = request_key ~ " || ' ' || thread_id" -%}
{%- set pull_requests_checks = [
    ['merged_before_opened', 'merged_at < opened_at', 'as_is', 'clock skew; a negative span is null'],
    ['merged_without_change', 'is_merged and not is_landed', 'handled', 'a request of no change']
] -%}
{%- set reviews_checks = [
    ['no_time', 'submitted_at is null', 'left_out', 'nobody knows whether it came before the merge'],
    ['after_merge', 'submitted_at > merged_at', 'left_out', 'a review after the merge does not count'],
    ['unknown_request', 'request_number is null', 'left_out', 'a review of no request']
] -%}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

pull_requests as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_requests') }}

),

pull_request_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commits') }}

),

pull_request_commit_files as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commit_files') }}

),

reviews as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__reviews') }}

),

review_threads as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__review_threads') }}

),

requests_by_change as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_by_change') }}

),

requests_landed as (

    select distinct
        repository,
        number

    from requests_by_change

),

pull_requests_checked as (

    select
        pull_requests.*,
        coalesce(pull_requests.merged_at <= as_of.as_of_at, false) as is_merged,
        requests_landed.number is not null as is_landed

    from pull_requests

    cross join as_of

    left join requests_landed
        on
            pull_requests.repository = requests_landed.repository
            and pull_requests.number = requests_landed.number

    where coalesce(pull_requests.opened_at <= as_of.as_of_at, true)

),

reviews_checked as (

    select
        reviews.*,
        requests.number as request_number,
        requests.merged_at

    from reviews

    cross join as_of

    left join pull_requests_checked as requests
        on
            reviews.repository = requests.repository
            and reviews.number = requests.number

    where coalesce(reviews.submitted_at <= as_of.as_of_at, true)

),

pull_request_commits_checked as (

    select pull_request_commits.*

    from pull_request_commits

    cross join as_of

    where coalesce(pull_request_commits.committed_at <= as_of.as_of_at, true)

),

pull_request_commit_files_checked as (

    select * from pull_request_commit_files

),

review_threads_checked as (

    select review_threads.*

    from review_threads

    cross join as_of

    where coalesce(review_threads.opened_at <= as_of.as_of_at, true)

),

final as (

    {{ shipworthy.quality_checks('pull_requests', request_key, pull_requests_checks) | indent(4) }}

    union all

    {{ shipworthy.quality_checks('pull_request_commits', branch_commit_key) | indent(4) }}

    union all

    {{ shipworthy.quality_checks('pull_request_commit_files', branch_commit_key) | indent(4) }}

    union all

    {{ shipworthy.quality_checks(
        'reviews', "repository || ' ' || review_id", reviews_checks
    ) | indent(4) }}

    union all

    {{ shipworthy.quality_checks('review_threads', thread_key) | indent(4) }}

)

select * from final
