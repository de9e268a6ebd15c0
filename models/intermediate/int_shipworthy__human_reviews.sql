with

reviews as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__reviews') }}

),

review_threads as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__review_threads') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

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
        coalesce(identities.person_key, reviews.reviewer_key) as reviewer_key,
        reviews.state,
        reviews.submitted_at,
        reviews.comment_threads,
        coalesce(reviews.lines_at_review, requests.changed_lines) as changed_lines,
        coalesce(requests.ready_at, requests.opened_at) as ready_at,
        requests.merged_at

    from reviews

    inner join requests
        on
            reviews.repository = requests.repository
            and reviews.number = requests.number

    cross join as_of

    left join identities
        on reviews.reviewer_key = identities.alias_key

    where
        reviews.reviewer_kind = 'human'
        and coalesce(identities.person_key, reviews.reviewer_key) <> coalesce(requests.author_key, '')
        and reviews.submitted_at <= as_of.as_of_at
        and reviews.submitted_at <= coalesce(requests.merged_at, as_of.as_of_at)

),

-- Where a review does not say how many threads it opened, those of its reviewer do.
threads as (

    select
        review_threads.repository,
        review_threads.number,
        coalesce(identities.person_key, review_threads.author_key) as author_key,
        min(review_threads.opened_at) as first_opened_at

    from review_threads

    left join identities
        on review_threads.author_key = identities.alias_key

    group by
        review_threads.repository,
        review_threads.number,
        coalesce(identities.person_key, review_threads.author_key)

),

final as (

    select
        by_humans.repository,
        by_humans.number,
        by_humans.review_id,
        by_humans.reviewer_key,
        by_humans.state,
        by_humans.submitted_at,
        {{ shipworthy.is_rubber_stamp(
            'by_humans.state',
            'coalesce(by_humans.comment_threads, case when threads.author_key is null then 0 else 1 end)',
            'by_humans.ready_at',
            'by_humans.submitted_at',
            'by_humans.changed_lines'
        ) | indent(8) }} as is_rubber_stamp

    from by_humans

    cross join as_of

    left join threads
        on
            by_humans.repository = threads.repository
            and by_humans.number = threads.number
            and by_humans.reviewer_key = threads.author_key
            and threads.first_opened_at <= coalesce(by_humans.merged_at, as_of.as_of_at)

)

select * from final
