with

requests as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_landed') }}

),

rebased as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_rebased') }}

),

pull_request_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commits') }}

),

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

changes as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

-- Up to the landing, the request's own commits where they stand on the mainline (a fast-forward). Of a request that was
-- merged nobody says as what, whatever brought them.
by_commits as (

    select distinct
        requests.repository,
        requests.number,
        requests.landing_position,
        changes.sha,
        changes.mainline_position

    from requests

    inner join pull_request_commits
        on
            requests.repository = pull_request_commits.repository
            and requests.number = pull_request_commits.number

    inner join commits
        on
            pull_request_commits.repository = commits.repository
            and pull_request_commits.sha = commits.sha

    inner join changes
        on
            commits.repository = changes.repository
            and case when commits.mainline_position is null then commits.landed_with_sha else commits.sha end
            = changes.sha

    where
        requests.is_merged_unnamed
        or (commits.mainline_position is not null and changes.mainline_position <= requests.landing_position)

),

by_sha as (

    select
        repository,
        number,
        landing_sha as sha,
        landing_position as mainline_position,
        landing_position,
        'merge_sha' as evidence

    from requests

    where landing_sha is not null

    union all

    select
        repository,
        number,
        sha,
        mainline_position,
        coalesce(landing_position, max(mainline_position) over (partition by repository, number)) as landing_position,
        'commits' as evidence

    from by_commits

    union all

    select
        rebased.repository,
        rebased.number,
        rebased.sha,
        rebased.mainline_position,
        requests.landing_position,
        'commits' as evidence

    from rebased

    inner join requests
        on
            rebased.repository = requests.repository
            and rebased.number = requests.number

),

-- A branch that begins on another one has that one's commits too: they are of the request that landed first.
landing_first as (

    select
        repository,
        number,
        sha,
        mainline_position,
        evidence,
        landing_position = min(landing_position) over (partition by repository, sha) as is_first_to_land,
        row_number() over (partition by repository, number, sha order by evidence desc) = 1 as is_best_evidence

    from by_sha

),

taken as (

    select distinct
        repository,
        sha

    from by_sha

),

-- A subject may name an issue, or a request that is being followed up: a number counts for a change that nothing better
-- gives to a request, made while the request of this number was open.
by_number as (

    select
        requests.repository,
        requests.number,
        changes.sha,
        changes.mainline_position,
        'number' as evidence

    from requests

    inner join changes
        on
            requests.repository = changes.repository
            and requests.number = changes.pull_request_number

    left join taken
        on
            changes.repository = taken.repository
            and changes.sha = taken.sha

    where
        taken.sha is null
        and (requests.opened_at is null or requests.opened_at <= changes.landed_at)
        and (requests.landing_position is null or changes.mainline_position < requests.landing_position)

),

belonging as (

    select
        repository,
        number,
        sha,
        mainline_position,
        evidence

    from landing_first

    where
        is_first_to_land
        and is_best_evidence

    union all

    select * from by_number

),

-- Several changes of one request: the last to land carries its decisions. Several requests of one change: the one it
-- names says when its work began.
final as (

    select
        belonging.repository,
        belonging.number,
        belonging.sha,
        changes.landed_at,
        belonging.evidence,
        row_number() over (
            partition by belonging.repository, belonging.number
            order by belonging.mainline_position desc
        ) = 1 as is_last_to_land,
        row_number() over (
            partition by belonging.repository, belonging.sha
            order by
                case when changes.pull_request_number = belonging.number then 0 else 1 end,
                belonging.number
        ) = 1 as is_first_of_change

    from belonging

    inner join changes
        on
            belonging.repository = changes.repository
            and belonging.sha = changes.sha

)

select * from final
