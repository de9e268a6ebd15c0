{#- How many incidents a team should have had, and how likely so few are by chance. -#}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

    where is_shipping

),

incidents as (

    select
        team,
        opened_week_start_on as week_start_on,
        count(*) as incidents

    from {{ ref('shipworthy', 'int_shipworthy__incidents_placed') }}

    group by team, opened_week_start_on

),

team_weeks as (

    select
        judged.team,
        judged.week_start_on,
        judged.releases,
        coalesce(incidents.incidents, 0) as incidents,
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
        {{ shipworthy.safe_ratio('sum(incidents)', 'sum(releases)') }} as incidents_per_release

    from team_weeks

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

-- Everybody's, of which the team's own are taken off: a team that hides incidents must not lower what is usual. Also
-- incidents that belong to no team, and those of teams that ship nothing.
organisation_weeks as (

    select
        week_start_on,
        sum(releases) as releases,
        sum(incidents) as incidents

    from (
        select
            week_start_on,
            releases,
            0 as incidents

        from judged

        union all

        select
            week_start_on,
            0 as releases,
            incidents

        from incidents
    ) as counted

    group by week_start_on

),

-- One week has too few incidents to judge by: the weeks since the baseline are taken together, up to 13 of them.
looked_back_on as (

    select
        team_weeks.team,
        {{ shipworthy.weeks_looking_back(
            'team_weeks.week_start_on', shipworthy.window('incident_weeks')
        ) | indent(8) }} as week_start_on,
        baselines.incidents_per_release as baseline_incidents_per_release,
        team_weeks.releases,
        team_weeks.incidents,
        organisation_weeks.releases - team_weeks.releases as others_releases,
        organisation_weeks.incidents - team_weeks.incidents as others_incidents

    from team_weeks

    inner join baselines
        on
            team_weeks.team = baselines.team
            and team_weeks.week_start_on > baselines.complete_on

    inner join organisation_weeks
        on team_weeks.week_start_on = organisation_weeks.week_start_on

),

periods as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        looked_back_on.baseline_incidents_per_release,
        count(*) as weeks,
        sum(looked_back_on.releases) as releases,
        sum(looked_back_on.incidents) as incidents,
        {{ shipworthy.safe_ratio(
            'sum(looked_back_on.others_incidents)', 'sum(looked_back_on.others_releases)'
        ) }} as others_incidents_per_release

    from team_weeks

    inner join looked_back_on
        on
            team_weeks.team = looked_back_on.team
            and team_weeks.week_start_on = looked_back_on.week_start_on

    group by team_weeks.team, team_weeks.week_start_on, looked_back_on.baseline_incidents_per_release

),

-- "Both the baseline and the others" is the smaller of the two; who is alone has the baseline.
expected as (

    select
        *,
        releases * least(
            baseline_incidents_per_release,
            coalesce(others_incidents_per_release, baseline_incidents_per_release)
        ) as expected_incidents

    from periods

),

numbers as (

    select {{ shipworthy.numbers_up_to('most.incidents') }} as number

    from (
        select cast(coalesce(max(incidents), 0) as integer) as incidents from expected

        where incidents < expected_incidents
    ) as most

),

factorials as (

    select
        number,
        sum(ln(cast(greatest(number, 1) as {{ shipworthy.type_double() }}))) over (order by number) as ln_factorial

    from numbers

),

-- P(X <= incidents) where X is Poisson. Each term is e to its logarithm; what is below e^-700 is nothing, and an error
-- to PostgreSQL.
chances as (

    select
        expected.team,
        expected.week_start_on,
        least(
            sum(
                exp(
                    greatest(
                        factorials.number * ln(expected.expected_incidents)
                        - expected.expected_incidents
                        - factorials.ln_factorial,
                        -700.0
                    )
                )
            ),
            1.0
        ) as incident_chance

    from expected

    inner join factorials
        on expected.incidents >= factorials.number

    where expected.incidents < expected.expected_incidents

    group by expected.team, expected.week_start_on

),

final as (

    select
        expected.team,
        expected.week_start_on,
        cast(expected.weeks as {{ dbt.type_bigint() }}) as weeks,
        cast(expected.releases as {{ dbt.type_bigint() }}) as releases,
        cast(expected.incidents as {{ dbt.type_bigint() }}) as incidents,
        expected.baseline_incidents_per_release,
        expected.others_incidents_per_release,
        expected.expected_incidents,
        chances.incident_chance

    from expected

    left join chances
        on
            expected.team = chances.team
            and expected.week_start_on = chances.week_start_on

)

select * from final
