{#- Read by the model that counts it: not stored. -#}
{{ config(materialized='ephemeral') }}

with

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

drivers as (

    select * from {{ ref('shipworthy', 'int_shipworthy__drivers_by_change') }}

),

changes as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

changes_by_service as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

-- Who wrote it, and who drove the agent that did.
landed_by as (

    select
        repository,
        change_sha as sha,
        person_key

    from authors

    where
        author_kind = 'human'
        and person_key is not null

    union distinct

    select
        changes.repository,
        changes.sha,
        drivers.person_key

    from changes

    inner join drivers
        on
            changes.repository = drivers.repository
            and changes.sha = drivers.sha

    where
        changes.author_kind = 'agent'
        and drivers.person_key is not null

),

-- A change is of every team that owns a service it touches, and of its repository's where it touches none.
teams_by_change as (

    select distinct
        changes.repository,
        changes.sha,
        {{ shipworthy.week_start_on('changes.landed_at') }} as landed_on,
        coalesce(services_listed.team, changes.repository) as team

    from changes

    left join changes_by_service
        on
            changes.repository = changes_by_service.repository
            and changes.sha = changes_by_service.sha

    left join services_listed
        on
            changes_by_service.service = services_listed.service
            and {{ shipworthy.is_valid_on('services_listed', 'cast(changes.landed_at as date)') | indent(12) }}

),

landed as (

    select
        landed_by.person_key,
        teams_by_change.team,
        teams_by_change.landed_on,
        count(*) as changes

    from landed_by

    inner join teams_by_change
        on
            landed_by.repository = teams_by_change.repository
            and landed_by.sha = teams_by_change.sha

    group by landed_by.person_key, teams_by_change.team, teams_by_change.landed_on

),

-- In the weeks that look back on it.
looked_back_on as (

    select
        person_key,
        team,
        {{ shipworthy.weeks_looking_back('landed_on', shipworthy.window('authored_weeks')) | indent(8) }}
            as week_start_on,
        changes

    from landed

),

summed as (

    select
        person_key,
        team,
        week_start_on,
        sum(changes) as changes

    from looked_back_on

    group by person_key, team, week_start_on

),

listed as (

    select distinct
        person_key,
        week_start_on

    from members

),

-- Each person once: where most of their changes are, of equal teams in their own.
ranked as (

    select
        summed.person_key,
        summed.team,
        summed.week_start_on,
        row_number() over (
            partition by summed.person_key, summed.week_start_on
            order by
                summed.changes desc,
                case when members.team is null then 1 else 0 end asc,
                summed.team asc
        ) as place

    from summed

    cross join as_of

    inner join weeks
        on summed.week_start_on = weeks.week_start_on

    left join listed
        on
            summed.person_key = listed.person_key
            and summed.week_start_on = listed.week_start_on

    left join members
        on
            summed.person_key = members.person_key
            and summed.team = members.team
            and summed.week_start_on = members.week_start_on

    where
        not as_of.has_people
        or listed.person_key is not null

),

final as (

    select
        team,
        week_start_on,
        person_key

    from ranked

    where place = 1

)

select * from final
