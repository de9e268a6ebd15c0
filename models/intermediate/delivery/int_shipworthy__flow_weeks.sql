with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_team_week') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_by_team_week') }}

),

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

organisation_builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__organisation_builders') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

seen as (

    select
        team,
        is_organisation,
        week_start_on

    from changes

    union all

    select
        {{ shipworthy.team_or_all('requests.team') }} as team,
        scopes.is_organisation,
        {{ shipworthy.week_start_on('requests.opened_at') }} as week_start_on

    from requests

    cross join scopes

    union all

    select
        team,
        is_organisation,
        week_start_on

    from incidents

),

first_weeks as (

    select
        team,
        is_organisation,
        min(week_start_on) as first_week_start_on

    from seen

    group by team, is_organisation

),

-- From the first week in which anything was seen of the team.
final as (

    select
        first_weeks.team,
        first_weeks.is_organisation,
        weeks.week_start_on,
        case when first_weeks.is_organisation then organisation_builders.builders else builders.builders end
            as builders

    from first_weeks

    inner join weeks
        on first_weeks.first_week_start_on <= weeks.week_start_on

    left join builders
        on
            first_weeks.team = builders.team
            and weeks.week_start_on = builders.week_start_on

    left join organisation_builders
        on weeks.week_start_on = organisation_builders.week_start_on

)

select * from final
