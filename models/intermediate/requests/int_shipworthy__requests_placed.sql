with

pull_requests as (

    {{ shipworthy.with_people_resolved(
        'stg_shipworthy__pull_requests', {'author_key': 'author', 'driver_key': 'driver', 'merged_by_key': 'merger',
        'closed_by_key': 'closer'}
    ) | indent(4) }}

),

pull_request_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commits') }}

),

requests_by_change as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_by_change') }}

),

memberships as (

    select * from {{ ref('shipworthy', 'int_shipworthy__memberships') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

landed as (

    select
        repository,
        number,
        max(landed_at) as landed_at

    from requests_by_change

    group by repository, number

),

first_commits as (

    select
        repository,
        number,
        min(committed_at) as first_commit_at

    from pull_request_commits

    group by repository, number

),

-- What happens after as_of has not happened; a request without a merge time was merged when its change landed.
dated as (

    select
        pull_requests.repository,
        pull_requests.number,
        pull_requests.author_kind,
        pull_requests.author as author_key,
        case when pull_requests.author_kind = 'agent' then pull_requests.driver else pull_requests.author end
            as behind_key,
        case when pull_requests.author_kind = 'agent' then coalesce(pull_requests.driver, pull_requests.merger) end
            as driver_key,
        pull_requests.closer as closed_by_key,
        pull_requests.closed_by_kind,
        pull_requests.lines_added + pull_requests.lines_removed as changed_lines,
        coalesce(pull_requests.first_commit_at, first_commits.first_commit_at) as first_commit_at,
        pull_requests.opened_at,
        case when pull_requests.ready_at <= as_of.as_of_at then pull_requests.ready_at end as ready_at,
        coalesce(
            case when pull_requests.merged_at <= as_of.as_of_at then pull_requests.merged_at end,
            landed.landed_at
        ) as merged_at,
        case when pull_requests.closed_at <= as_of.as_of_at then pull_requests.closed_at end as closed_at

    from pull_requests

    cross join as_of

    left join landed
        on
            pull_requests.repository = landed.repository
            and pull_requests.number = landed.number

    left join first_commits
        on
            pull_requests.repository = first_commits.repository
            and pull_requests.number = first_commits.number

    where
        pull_requests.opened_at is null
        or pull_requests.opened_at <= as_of.as_of_at

),

-- Behind an agent's request stands its driver. Of several teams, the first by name.
teams_of_people as (

    select
        dated.repository,
        dated.number,
        min(memberships.team) as team

    from dated

    inner join memberships
        on
            dated.behind_key = memberships.person_key
            and {{ shipworthy.is_valid_on('memberships', 'cast(dated.opened_at as date)') }}

    group by dated.repository, dated.number

),

teams_of_services as (

    select
        dated.repository,
        dated.number,
        min(service_paths.team) as team

    from dated

    inner join service_paths
        on
            dated.repository = service_paths.repository
            and service_paths.path_prefix = ''
            and service_paths.is_listed
            and {{ shipworthy.is_valid_on('service_paths', 'cast(dated.opened_at as date)') }}

    group by dated.repository, dated.number

),

final as (

    select
        dated.repository,
        dated.number,
        coalesce(teams_of_people.team, teams_of_services.team, dated.repository) as team,
        dated.author_key,
        dated.author_kind,
        dated.driver_key,
        dated.closed_by_key,
        dated.closed_by_kind,
        dated.changed_lines,
        dated.first_commit_at,
        dated.opened_at,
        dated.ready_at,
        dated.merged_at,
        dated.closed_at

    from dated

    left join teams_of_people
        on
            dated.repository = teams_of_people.repository
            and dated.number = teams_of_people.number

    left join teams_of_services
        on
            dated.repository = teams_of_services.repository
            and dated.number = teams_of_services.number

)

select * from final
