with

pull_requests as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_requests') }}

),

reviews as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__reviews') }}

),

review_threads as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__review_threads') }}

),

pull_request_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commits') }}

),

pull_request_commit_files as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commit_files') }}

),

load_watermarks as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__load_watermarks') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

inputs_counted as (

    select
        'pull_requests' as input_name,
        count(*) as row_count,
        greatest(max(opened_at), max(merged_at), max(closed_at)) as newest_at

    from pull_requests

    union all

    select
        'reviews' as input_name,
        count(*) as row_count,
        max(submitted_at) as newest_at

    from reviews

    union all

    select
        'review_threads' as input_name,
        count(*) as row_count,
        max(opened_at) as newest_at

    from review_threads

    union all

    select
        'pull_request_commits' as input_name,
        count(*) as row_count,
        max(committed_at) as newest_at

    from pull_request_commits

    union all

    select
        'pull_request_commit_files' as input_name,
        count(*) as row_count,
        cast(null as {{ dbt.type_timestamp() }}) as newest_at

    from pull_request_commit_files

),

-- Reviews that do not say how many threads they opened.
silent_reviews as (

    select count(*) as reviews

    from reviews

    where comment_threads is null

),

-- A watermark of an input that is switched off says nothing. Without one, the newest row says how far was read.
oldest_watermarks as (

    select
        input_name,
        min(loaded_through) as loaded_through

    from load_watermarks

    where input_name in ({{ shipworthy.review_inputs_switched_on() }})

    group by input_name

),

inputs_dated as (

    select
        inputs_counted.input_name,
        inputs_counted.row_count > 0 or oldest_watermarks.loaded_through is not null as is_loaded,
        coalesce(oldest_watermarks.loaded_through, inputs_counted.newest_at) as loaded_through

    from inputs_counted

    left join oldest_watermarks
        on inputs_counted.input_name = oldest_watermarks.input_name

),

inputs_summed as (

    select
        max(case when input_name = 'pull_requests' and is_loaded then 1 else 0 end) = 1 as has_pull_requests,
        max(case when input_name in ('reviews', 'review_threads') and is_loaded then 1 else 0 end) = 1 as has_reviews,
        max(case when input_name = 'review_threads' and is_loaded then 1 else 0 end) = 1 as has_review_threads,
        max(case when input_name = 'pull_request_commits' and is_loaded then 1 else 0 end) = 1
            as has_pull_request_commits,
        max(case when input_name = 'pull_request_commit_files' and is_loaded then 1 else 0 end) = 1
            as has_pull_request_commit_files,
        min(
            case when input_name in ('pull_requests', 'reviews', 'review_threads') then loaded_through end
        ) as loaded_through

    from inputs_dated

),

-- A feed that has fallen behind can never make a week final: its reviews may still be to come.
final as (

    select
        inputs_summed.has_pull_requests,
        inputs_summed.has_reviews,
        inputs_summed.has_pull_request_commits,
        inputs_summed.has_pull_request_commit_files,
        inputs_summed.has_review_threads,
        inputs_summed.has_review_threads or silent_reviews.reviews = 0 as has_thread_counts,
        least(as_of.as_of_at, inputs_summed.loaded_through) as complete_through

    from as_of

    cross join inputs_summed

    cross join silent_reviews

)

select * from final
