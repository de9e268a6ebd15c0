with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

pull_requests as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__pull_requests', {'author_key': 'author'}) | indent(4) }}

),

reviews as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__reviews', {'reviewer_key': 'reviewer'}) | indent(4) }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- A request belongs to the change with its number, else with its merge sha.
requests_landed as (

    select
        changes.repository,
        pull_requests.number,
        pull_requests.author,
        pull_requests.merged_at,
        max(changes.landed_at) as landed_at,
        min(coalesce(changes.author_team, changes.repository)) as team

    from pull_requests

    inner join changes
        on
            pull_requests.repository = changes.repository
            and (
                pull_requests.number = changes.pull_request_number
                or (changes.pull_request_number is null and pull_requests.merge_sha = changes.sha)
            )

    group by changes.repository, pull_requests.number, pull_requests.author, pull_requests.merged_at

),

-- What each human said on a request before it was merged.
said as (

    select
        requests_landed.team,
        {{ shipworthy.week_start_on('requests_landed.landed_at') }} as week_start_on,
        requests_landed.repository,
        requests_landed.number,
        reviews.reviewer,
        max(case when reviews.state = 'approved' then 1 else 0 end) as has_approved,
        sum(coalesce(reviews.comment_threads, 0)) as threads

    from reviews

    cross join as_of

    inner join requests_landed
        on
            reviews.repository = requests_landed.repository
            and reviews.number = requests_landed.number

    where
        reviews.reviewer_kind = 'human'
        and reviews.submitted_at <= as_of.as_of_at
        and reviews.submitted_at <= requests_landed.merged_at
        and reviews.reviewer <> coalesce(requests_landed.author, '')

    group by
        requests_landed.team,
        {{ shipworthy.week_start_on('requests_landed.landed_at') }},
        requests_landed.repository,
        requests_landed.number,
        reviews.reviewer

),

approved as (

    select
        team,
        week_start_on,
        count(*) as approvals,
        sum(case when threads <= 0 then 1 else 0 end) as uncommented_approvals

    from said

    where has_approved = 1

    group by team, week_start_on

),

shared as (

    select
        *,
        {{ shipworthy.safe_ratio('uncommented_approvals', 'approvals') }} as uncommented_share

    from approved

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.add_days('cast(judged.week_start_on as timestamp)', 7) }} <= judged.as_of_at as is_final,
        {{ shipworthy.wilson_low(
            'shared.uncommented_share', 'cast(shared.approvals as ' ~ shipworthy.type_double() ~ ')'
        ) }} as value,
        cast(shared.uncommented_approvals as {{ shipworthy.type_double() }}) as numerator,
        cast(shared.approvals as {{ shipworthy.type_double() }}) as denominator,
        cast({{ var('shipworthy__signal_uncommented_share') }} as {{ shipworthy.type_double() }}) as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when (select count(*) as reviews from reviews) = 0 then 'reviews_not_loaded'
            when coalesce(shared.approvals, 0) = 0 then 'no_approvals'
        end as null_reason

    from judged

    left join shared
        on
            judged.team = shared.team
            and judged.week_start_on = shared.week_start_on

),

final as (

    select
        team,
        week_start_on,
        'uncommented_approvals' as signal,
        is_final,
        value,
        numerator,
        denominator,
        threshold,
        baseline,
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' approvals came without a thread' as evidence,
        null_reason

    from measured

)

select * from final
