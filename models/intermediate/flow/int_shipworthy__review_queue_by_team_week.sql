with

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_dated') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

scopes as (

    select false as is_organisation

    union all

    select true as is_organisation

),

-- A request may wait at the end of each week from that before it is ready to that in which it is over.
weeks_of_requests as (

    select
        requests.team,
        requests.ready_at,
        requests.ended_at,
        {{ shipworthy.weeks_between(
            shipworthy.weeks_before(shipworthy.week_start_on('requests.ready_at'), 1),
            shipworthy.week_start_on('least(coalesce(requests.ended_at, as_of.as_of_at), as_of.as_of_at)')
        ) | indent(8) }} as week_start_on

    from requests

    cross join as_of

),

-- The week of as_of, as far as it has come.
seen as (

    select
        weeks_of_requests.*,
        least(
            {{ shipworthy.add_days('cast(weeks_of_requests.week_start_on as timestamp)', 7) }}, as_of.as_of_at
        ) as seen_at

    from weeks_of_requests

    cross join as_of

),

final as (

    select
        case when scopes.is_organisation then 'all teams' else seen.team end as team,
        scopes.is_organisation,
        seen.week_start_on,
        count(*) as review_queue

    from seen

    cross join scopes

    where
        seen.ready_at <= seen.seen_at
        and (seen.ended_at is null or seen.seen_at < seen.ended_at)

    group by
        case when scopes.is_organisation then 'all teams' else seen.team end,
        scopes.is_organisation,
        seen.week_start_on

)

select * from final
