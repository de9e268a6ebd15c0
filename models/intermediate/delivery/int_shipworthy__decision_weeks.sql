with

team_weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_shipped') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_decided') }}

),

organisation_builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__organisation_builders') }}

),

-- It shipped nothing, so no team-week has it: the organisation does, in the week it closed.
refused as (

    select
        {{ shipworthy.week_start_on('refused_at') }} as week_start_on,
        count(*) as closed_unmerged_decisions

    from requests

    where refused_at is not null

    group by {{ shipworthy.week_start_on('refused_at') }}

),

organisation_weeks as (

    select week_start_on from team_weeks

    union distinct

    select week_start_on from refused

),

final as (

    select
        team,
        false as is_organisation,
        week_start_on,
        builders,
        0 as closed_unmerged_decisions

    from team_weeks

    union all

    select
        'all teams' as team,
        true as is_organisation,
        organisation_weeks.week_start_on,
        organisation_builders.builders,
        coalesce(refused.closed_unmerged_decisions, 0) as closed_unmerged_decisions

    from organisation_weeks

    left join organisation_builders
        on organisation_weeks.week_start_on = organisation_builders.week_start_on

    left join refused
        on organisation_weeks.week_start_on = refused.week_start_on

)

select * from final
