with

human_reviews as (

    select * from {{ ref('shipworthy', 'int_shipworthy__human_reviews') }}

),

requests_by_change as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_by_change') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

review_feeds as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_feeds') }}

),

-- A request is of the week in which it had landed, and of the first by name of its changes' teams.
landed as (

    select
        requests_by_change.repository,
        requests_by_change.number,
        min(coalesce(changes.author_team, changes.repository)) as team,
        {{ shipworthy.week_start_on('max(changes.landed_at)') }} as week_start_on

    from requests_by_change

    inner join changes
        on
            requests_by_change.repository = changes.repository
            and requests_by_change.sha = changes.sha

    group by requests_by_change.repository, requests_by_change.number

),

-- What each human said on a request, whichever of the reviews said it.
by_reviewer as (

    select
        repository,
        number,
        reviewer_key,
        max(case when state = 'approved' then 1 else 0 end) = 1 as has_approved,
        max(greatest(threads, threads_of_reviewer)) as threads,
        max(case when has_own_thread_count then 0 else 1 end) = 0 as has_own_thread_counts

    from human_reviews

    group by repository, number, reviewer_key

),

-- Where neither reviews nor threads say so, nobody knows whether somebody commented.
final as (

    select
        by_reviewer.repository,
        by_reviewer.number,
        by_reviewer.reviewer_key,
        landed.team,
        landed.week_start_on,
        case
            when by_reviewer.threads > 0 then false
            when by_reviewer.has_own_thread_counts or review_feeds.has_review_threads then true
        end as is_uncommented

    from by_reviewer

    cross join review_feeds

    inner join landed
        on
            by_reviewer.repository = landed.repository
            and by_reviewer.number = landed.number

    where by_reviewer.has_approved

)

select * from final
