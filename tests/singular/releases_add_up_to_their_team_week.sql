-- Guards shipworthy__normalized_deployments: if the shares of the releases did not add up to their team-week, what a
-- service shows and what its team shows would be two different numbers of one name.
with

releases as (

    select
        team,
        week_start_on,
        count(*) as releases,
        sum(held_lines) as held_lines,
        greatest(
            sum((held_lines - retired_held_lines) * stability),
            sum(retired_held_lines * stability)
        ) as stable_held_lines,
        sum(normalized_deployments) as normalized_deployments

    from {{ ref('shipworthy', 'fct_shipworthy__releases') }}

    group by team, week_start_on

),

team_weeks as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

)

select
    coalesce(releases.team, team_weeks.team) as team,
    coalesce(releases.week_start_on, team_weeks.week_start_on) as week_start_on,
    releases.held_lines as lines_of_releases,
    team_weeks.held_lines as lines_of_team_week,
    releases.normalized_deployments as sum_of_releases,
    team_weeks.normalized_deployments

from releases

full outer join team_weeks
    on
        releases.team = team_weeks.team
        and releases.week_start_on = team_weeks.week_start_on

where
    (
        coalesce(releases.releases, 0) = team_weeks.releases
        and abs(coalesce(releases.held_lines, 0.0) - team_weeks.held_lines)
        <= 1e-9 * greatest(1.0, team_weeks.held_lines)
        and abs(coalesce(releases.stable_held_lines, 0.0) - team_weeks.stable_held_lines)
        <= 1e-9 * greatest(1.0, team_weeks.stable_held_lines)
        and (
            -- without builders neither side has a value
            (releases.normalized_deployments is null and team_weeks.null_reason is not null)
            or abs(coalesce(releases.normalized_deployments, 0.0) - team_weeks.normalized_deployments) <= 1e-9
        )
    ) is not true
