with

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_counted') }}

),

shipping as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_shipped') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

    where not is_organisation

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

team_weeks as (

    select
        team,
        week_start_on

    from builders

    union distinct

    select
        team,
        week_start_on

    from shipping

),

final as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        shipping.team is not null as is_shipping,
        shipping.team is not null and shipping.immature_reason is null as is_shipping_final,
        case when shipping.team is null then 'window_open' else shipping.immature_reason end
            as shipping_immature_reason,
        shipping.releases,
        shipping.held_lines,
        as_of.as_of_at,
        as_of.ai_usage_known_through as usage_known_through,
        teams_known.shipping_known_through as code_known_through,
        coalesce(teams_known.requests_known_through, as_of.requests_known_through) as requests_known_through,
        as_of.has_line_births,
        case
            when not as_of.has_ai_usage then 'ai_usage_not_loaded'
            when not as_of.has_people then 'people_not_loaded'
        end as no_usage_reason,
        case when not as_of.has_deployments then 'deployments_not_loaded' end as no_deployments_reason,
        case when not as_of.has_incidents then 'incidents_not_loaded' end as no_incidents_reason

    from team_weeks

    cross join as_of

    left join teams_known
        on team_weeks.team = teams_known.team

    left join shipping
        on
            team_weeks.team = shipping.team
            and team_weeks.week_start_on = shipping.week_start_on

)

select * from final
