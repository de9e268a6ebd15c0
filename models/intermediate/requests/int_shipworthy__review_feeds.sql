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

inputs_counted as (

    select
        'pull_requests' as input_name,
        count(*) as row_count

    from pull_requests

    union all

    select
        'reviews' as input_name,
        count(*) as row_count

    from reviews

    union all

    select
        'review_threads' as input_name,
        count(*) as row_count

    from review_threads

    union all

    select
        'pull_request_commits' as input_name,
        count(*) as row_count

    from pull_request_commits

    union all

    select
        'pull_request_commit_files' as input_name,
        count(*) as row_count

    from pull_request_commit_files

),

-- Reviews that do not say how many threads they opened.
silent_reviews as (

    select count(*) as reviews

    from reviews

    where comment_threads is null

),

-- A watermark of an input that is switched off says nothing.
watermarked as (

    select distinct input_name

    from load_watermarks

    where
        loaded_through is not null
        and input_name in ({{ shipworthy.review_inputs_switched_on() }})

),

inputs_judged as (

    select
        inputs_counted.input_name,
        inputs_counted.row_count > 0 or watermarked.input_name is not null as is_loaded

    from inputs_counted

    left join watermarked
        on inputs_counted.input_name = watermarked.input_name

),

inputs_summed as (

    select
        max(case when input_name = 'pull_requests' and is_loaded then 1 else 0 end) = 1 as has_pull_requests,
        max(case when input_name in ('reviews', 'review_threads') and is_loaded then 1 else 0 end) = 1 as has_reviews,
        max(case when input_name = 'review_threads' and is_loaded then 1 else 0 end) = 1 as has_review_threads,
        max(case when input_name = 'pull_request_commits' and is_loaded then 1 else 0 end) = 1
            as has_pull_request_commits,
        max(case when input_name = 'pull_request_commit_files' and is_loaded then 1 else 0 end) = 1
            as has_pull_request_commit_files

    from inputs_judged

),

final as (

    select
        inputs_summed.*,
        inputs_summed.has_review_threads or silent_reviews.reviews = 0 as has_thread_counts

    from inputs_summed

    cross join silent_reviews

)

select * from final
