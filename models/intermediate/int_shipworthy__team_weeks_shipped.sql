with

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

    where not is_organisation

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

teams as (

    select
        team,
        min(week_start_on) as first_week_start_on

    from releases

    group by team

),

-- From a team's first release on, every week counts, also one in which nothing shipped.
team_weeks as (

    select
        teams.team,
        weeks.week_start_on

    from teams

    inner join weeks
        on teams.first_week_start_on <= weeks.week_start_on

),

summed as (

    select
        team,
        week_start_on,
        count(*) as releases,
        sum(deployments) as deployments,
        sum(changes_shipped) as changes_shipped,
        sum(held_lines) as held_lines,
        sum(held_lines * stability) as released_stable_lines,
        sum((held_lines - retired_held_lines) * stability) as new_stable_lines,
        sum(retired_held_lines * stability) as retired_stable_lines,
        max(case when basis = 'shipped_lines' then 1 else 0 end) as has_shipped_lines,
        max(closed_at) as closed_at,
        max(turnover_window_ended_at) as turnover_window_ended_at,
        max(last_evidence_at) as last_evidence_at,
        max(immature_reason) as immature_reason

    from releases

    group by team, week_start_on

),

-- A replaced line counts once, wherever and whenever in the week its replacement shipped.
pooled as (

    select
        *,
        greatest(new_stable_lines, retired_stable_lines) as stable_held_lines

    from summed

),

final as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        builders.builders,
        coalesce(pooled.releases, 0) as releases,
        coalesce(pooled.deployments, 0) as deployments,
        coalesce(pooled.changes_shipped, 0) as changes_shipped,
        coalesce(pooled.held_lines, 0.0) as held_lines,
        coalesce(pooled.stable_held_lines, 0.0) as stable_held_lines,
        coalesce(pooled.released_stable_lines, 0.0) as released_stable_lines,
        cast(
            {{ shipworthy.normalized_deployments('coalesce(pooled.stable_held_lines, 0.0)', 'builders.builders') }}
            as {{ shipworthy.type_double() }}
        ) as normalized_deployments,
        case when pooled.has_shipped_lines = 1 then 'shipped_lines' else 'held_lines' end as basis,
        pooled.last_evidence_at,
        greatest(
            {{ shipworthy.add_days('cast(team_weeks.week_start_on as timestamp)', 7) }},
            coalesce(pooled.closed_at, timestamp '1970-01-01 00:00:00'),
            coalesce(pooled.turnover_window_ended_at, timestamp '1970-01-01 00:00:00')
        ) as matures_at,
        case
            when pooled.has_shipped_lines = 1 then 'line_lifetimes_not_loaded'
            else
                greatest(
                    pooled.immature_reason,
                    {{ shipworthy.immature_reason(
                        shipworthy.add_days('cast(team_weeks.week_start_on as timestamp)', 7),
                        'as_of.as_of_at',
                        'teams_known.shipping_known_through'
                    ) | indent(20) }}
                )
        end as immature_reason

    from team_weeks

    cross join as_of

    left join teams_known
        on team_weeks.team = teams_known.team

    left join pooled
        on
            team_weeks.team = pooled.team
            and team_weeks.week_start_on = pooled.week_start_on

    left join builders
        on
            team_weeks.team = builders.team
            and team_weeks.week_start_on = builders.week_start_on

)

select * from final
