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

-- Without people: the authors of the team's changes, in the four weeks that end with the week.
changes_by_team as (

    select distinct
        changes.person_key,
        {{ shipworthy.week_start_on('changes.landed_at') }} as week_start_on,
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
            and {{ shipworthy.is_valid_on('services_listed', 'cast(changes.landed_at as date)') }}

    where
        changes.author_kind = 'human'
        and changes.person_key is not null
        and not as_of.has_people

),

authors as (

    select
        changes_by_team.team,
        weeks.week_start_on,
        changes_by_team.person_key

    from weeks

    inner join changes_by_team
        on
            changes_by_team.week_start_on <= weeks.week_start_on
            and changes_by_team.week_start_on
            > cast({{ shipworthy.add_days('cast(weeks.week_start_on as timestamp)', -28) }} as date)

),

-- Members on the Monday, in each team of theirs.
builders as (

    select
        team,
        week_start_on,
        person_key

    from members

    union all

    select * from authors

),

final as (

    select
        team,
        week_start_on,
        cast(count(distinct person_key) as {{ dbt.type_bigint() }}) as builders

    from builders

    group by team, week_start_on

)

select * from final
