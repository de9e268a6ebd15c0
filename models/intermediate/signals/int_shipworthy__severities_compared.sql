{#- How bad a team's incidents are said to be and how long they took, since its baseline and in it; the others' too. -#}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

    where is_shipping

),

incidents as (

    select
        team,
        opened_week_start_on as week_start_on,
        count(*) as incidents,
        sum(severity_weight) as weight,
        sum(severity_weight * severity_weight) as squared_weight,
        sum({{ shipworthy.hours_between('opened_at', 'resolved_at') }}) as open_hours,
        count(resolved_at) as resolved

    from {{ ref('shipworthy', 'int_shipworthy__incidents_placed') }}

    where not is_severity_unknown

    group by team, opened_week_start_on

),

team_weeks as (

    select
        judged.team,
        judged.week_start_on,
        coalesce(incidents.incidents, 0) as incidents,
        coalesce(incidents.weight, 0.0) as weight,
        coalesce(incidents.squared_weight, 0.0) as squared_weight,
        coalesce(incidents.open_hours, 0.0) as open_hours,
        coalesce(incidents.resolved, 0) as resolved,
        {{ shipworthy.baseline_place('judged.is_shipping_final', 'judged.team', 'judged.week_start_on') | indent(8) }}
            as place

    from judged

    left join incidents
        on
            judged.team = incidents.team
            and judged.week_start_on = incidents.week_start_on

),

baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        sum(incidents) as incidents,
        {{ shipworthy.safe_ratio('sum(weight)', 'sum(incidents)') }} as mean_weight,
        {{ shipworthy.safe_ratio('sum(squared_weight)', 'sum(incidents)') }} as mean_squared_weight,
        {{ shipworthy.safe_ratio('sum(open_hours)', 'sum(resolved)') }} as mean_hours

    from team_weeks

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

organisation_weeks as (

    select
        week_start_on,
        sum(incidents) as incidents,
        sum(weight) as weight

    from team_weeks

    group by week_start_on

),

looked_back_on as (

    select
        team_weeks.team,
        {{ shipworthy.weeks_looking_back(
            'team_weeks.week_start_on', shipworthy.window('incident_weeks')
        ) | indent(8) }} as week_start_on,
        team_weeks.incidents,
        team_weeks.weight,
        team_weeks.squared_weight,
        team_weeks.open_hours,
        team_weeks.resolved,
        organisation_weeks.incidents - team_weeks.incidents as incidents_of_others,
        organisation_weeks.weight - team_weeks.weight as weight_of_others

    from team_weeks

    inner join baselines
        on
            team_weeks.team = baselines.team
            and team_weeks.week_start_on > baselines.complete_on

    inner join organisation_weeks
        on team_weeks.week_start_on = organisation_weeks.week_start_on

),

recent as (

    select
        team,
        week_start_on,
        sum(incidents) as incidents,
        {{ shipworthy.safe_ratio('sum(weight)', 'sum(incidents)') }} as mean_weight,
        {{ shipworthy.safe_ratio('sum(squared_weight)', 'sum(incidents)') }} as mean_squared_weight,
        {{ shipworthy.safe_ratio('sum(open_hours)', 'sum(resolved)') }} as mean_hours,
        {{ shipworthy.safe_ratio('sum(weight_of_others)', 'sum(incidents_of_others)') }} as mean_weight_of_others

    from looked_back_on

    group by team, week_start_on

),

final as (

    select
        recent.team,
        recent.week_start_on,
        recent.incidents,
        recent.mean_weight,
        recent.mean_hours,
        recent.mean_weight_of_others,
        baselines.incidents as baseline_incidents,
        baselines.mean_weight as baseline_mean_weight,
        baselines.mean_hours as baseline_mean_hours,
        (baselines.mean_weight - recent.mean_weight) / nullif(
            sqrt(
                greatest(baselines.mean_squared_weight - baselines.mean_weight * baselines.mean_weight, 0.0)
                / nullif(baselines.incidents, 0)
                + greatest(recent.mean_squared_weight - recent.mean_weight * recent.mean_weight, 0.0)
                / nullif(recent.incidents, 0)
            ),
            0
        ) as standard_errors

    from recent

    inner join baselines
        on recent.team = baselines.team

    -- no row for weeks that are still to come
    inner join team_weeks
        on
            recent.team = team_weeks.team
            and recent.week_start_on = team_weeks.week_start_on

)

select * from final
