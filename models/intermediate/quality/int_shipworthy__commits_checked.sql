{%- set repositories_checks = [
    ['shallow_clone', 'coalesce(is_shallow, false)', 'as_is', 'its lines cannot be dated']
] -%}
{%- set commits_checks = [
    ['no_landing_time', 'mainline_position is not null and landed_at is null', 'left_out', 'no change, and its lines are in no metric'],
    ['position_taken_twice', 'is_position_taken_twice', 'as_is', 'both ship with the deployment that reaches the position'],
    ['authored_after_landing', 'authored_at > landed_at', 'as_is', 'clock skew; landing decides'],
    ['reverts_unknown_commit', 'reverts_sha is not null and reverted_sha is null', 'handled', 'the revert repairs nothing'],
    ['reverts_no_earlier_change', 'reverted_position >= mainline_position', 'handled', 'the revert repairs nothing; every cycle of reverts has one'],
    ['fixes_unknown_incident', 'is_incident_unknown', 'handled', 'a fix of no incident']
] -%}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

repositories as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__repositories') }}

),

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

changes_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_referenced') }}

),

repositories_checked as (

    select * from repositories

),

reverted as (

    select
        asked_repository,
        asked_id,
        min(sha) as reverted_sha,
        min(mainline_position) as reverted_position

    from changes_referenced

    where asked_by = 'revert'

    group by asked_repository, asked_id

),

commits_checked as (

    select
        commits.*,
        commits.mainline_position is not null
        and count(*) over (partition by commits.repository, commits.mainline_position) > 1 as is_position_taken_twice,
        reverted.reverted_sha,
        reverted.reverted_position,
        as_of.has_incidents
        and commits.fixes_incident_id is not null
        and incidents.incident_id is null as is_incident_unknown

    from commits

    cross join as_of

    left join reverted
        on
            commits.repository = reverted.asked_repository
            and commits.sha = reverted.asked_id

    left join incidents
        on
            commits.fixes_incident_id = incidents.incident_id
            and incidents.opened_at <= as_of.as_of_at

    where coalesce(coalesce(commits.landed_at, commits.committed_at) <= as_of.as_of_at, true)

),

final as (

    {{ shipworthy.quality_checks('repositories', 'repository', repositories_checks) | indent(4) }}

    union all

    {{ shipworthy.quality_checks(
        'commits', "repository || ' ' || sha", commits_checks
    ) | indent(4) }}

)

select * from final
