with

reviews as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__reviews', {'reviewer_key': 'reviewer'}) | indent(4) }}

),

review_threads as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__review_threads', {'author_key': 'author'}) | indent(4) }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- Bots and the author never count, nor somebody who may be either, nor what came after the merge.
by_humans as (

    select
        reviews.repository,
        reviews.number,
        reviews.review_id,
        reviews.reviewer as reviewer_key,
        reviews.state,
        reviews.submitted_at,
        reviews.comment_threads,
        coalesce(reviews.lines_at_review, requests.changed_lines) as changed_lines,
        coalesce(requests.ready_at, requests.opened_at) as ready_at

    from reviews

    inner join requests
        on
            reviews.repository = requests.repository
            and reviews.number = requests.number

    cross join as_of

    where
        reviews.reviewer_kind = 'human'
        and reviews.reviewer <> coalesce(requests.author_key, '')
        and reviews.submitted_at <= as_of.as_of_at
        and reviews.submitted_at <= coalesce(requests.merged_at, as_of.as_of_at)

),

-- Where a review does not say how many threads it opened, those of its reviewer do.
threads as (

    select
        review_threads.repository,
        review_threads.number,
        review_threads.author as author_key,
        count(*) as threads

    from review_threads

    inner join requests
        on
            review_threads.repository = requests.repository
            and review_threads.number = requests.number

    cross join as_of

    where review_threads.opened_at <= coalesce(requests.merged_at, as_of.as_of_at)

    group by review_threads.repository, review_threads.number, review_threads.author

),

threaded as (

    select
        by_humans.*,
        coalesce(by_humans.comment_threads, threads.threads, 0) as threads,
        coalesce(threads.threads, 0) as threads_of_reviewer,
        by_humans.comment_threads is not null as has_own_thread_count

    from by_humans

    left join threads
        on
            by_humans.repository = threads.repository
            and by_humans.number = threads.number
            and by_humans.reviewer_key = threads.author_key

),

final as (

    select
        repository,
        number,
        review_id,
        reviewer_key,
        state,
        submitted_at,
        cast(threads as {{ dbt.type_bigint() }}) as threads,
        cast(threads_of_reviewer as {{ dbt.type_bigint() }}) as threads_of_reviewer,
        has_own_thread_count,
        {{ shipworthy.is_rubber_stamp(
            'state', 'threads', 'ready_at', 'submitted_at', 'changed_lines'
        ) | indent(8) }} as is_rubber_stamp

    from threaded

)

select * from final
