with

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

changes_by_service as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

-- Members on the Monday, in each team of theirs.
members as (

    select
        people.team,
        weeks.week_start_on,
        coalesce(identities.person_key, people.person_key) as person_key

    from weeks

    inner join people
        on
            (people.valid_from_on is null or people.valid_from_on <= weeks.week_start_on)
            and (people.valid_to_on is null or weeks.week_start_on < people.valid_to_on)

    left join identities
        on people.person_key = identities.alias_key

    where coalesce(people.kind, 'human') = 'human'

),

-- Without people: the authors of the team's changes, in the four weeks that end with the week.
changes_by_team as (

    select distinct
        changes.person_key,
        {{ shipworthy.week_start_on('changes.landed_at') }} as week_start_on,
        coalesce(service_paths.team, changes.repository) as team

    from changes

    cross join as_of

    left join changes_by_service
        on
            changes.repository = changes_by_service.repository
            and changes.sha = changes_by_service.sha

    left join service_paths
        on
            changes_by_service.service = service_paths.service
            and changes_by_service.repository = service_paths.repository
            and (
                service_paths.valid_from_on is null
                or service_paths.valid_from_on <= cast(changes.landed_at as date)
            )
            and (
                service_paths.valid_to_on is null
                or cast(changes.landed_at as date) < service_paths.valid_to_on
            )

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

builders as (

    select * from members

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
