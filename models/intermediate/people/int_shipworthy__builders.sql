{#- Read by the two models that count it: not stored. -#}
{{ config(materialized='ephemeral') }}

with

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

changes_by_service as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

-- Without people: who authored a change of the team's, in the weeks that look back on it.
authored as (

    select distinct
        changes.person_key,
        {{ shipworthy.week_start_on('changes.landed_at') }} as landed_on,
        coalesce(services_listed.team, changes.repository) as team

    from changes

    cross join as_of

    left join changes_by_service
        on
            changes.repository = changes_by_service.repository
            and changes.sha = changes_by_service.sha

    left join services_listed
        on
            changes_by_service.service = services_listed.service
            and {{ shipworthy.is_valid_on('services_listed', 'cast(changes.landed_at as date)') | indent(12) }}

    where
        changes.author_kind = 'human'
        and changes.person_key is not null
        and not as_of.has_people

),

looked_back_on as (

    select
        team,
        {{ shipworthy.weeks_looking_back('landed_on', shipworthy.window('authored_weeks')) | indent(8) }}
            as week_start_on,
        person_key

    from authored

),

-- Members on the Monday, in each team of theirs.
final as (

    select
        team,
        week_start_on,
        person_key

    from members

    union distinct

    select
        looked_back_on.team,
        looked_back_on.week_start_on,
        looked_back_on.person_key

    from looked_back_on

    inner join weeks
        on looked_back_on.week_start_on = weeks.week_start_on

)

select * from final
