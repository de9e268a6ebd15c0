{#- How many incidents a team should have had, and how likely so few are by chance. -#}

with

shipping as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

incidents as (

    select
        team,
        opened_week_start_on as week_start_on,
        count(*) as incidents

    from {{ ref('shipworthy', 'fct_shipworthy__incidents') }}

    group by team, opened_week_start_on

),

team_weeks as (

    select
        shipping.team,
        shipping.week_start_on,
        shipping.is_mature,
        shipping.releases,
        coalesce(incidents.incidents, 0) as incidents

    from shipping

    left join incidents
        on
            shipping.team = incidents.team
            and shipping.week_start_on = incidents.week_start_on

),

numbered as (

    select
        *,
        row_number() over (partition by team order by week_start_on) as mature_week

    from team_weeks

    where is_mature

),

baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.safe_ratio('sum(incidents)', 'sum(releases)') }} as incidents_per_release

    from numbered

    where mature_week <= 13

    group by team

    having count(*) = 13

),

-- Everybody's: also incidents that belong to no team, and those of teams that ship nothing.
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

        from shipping

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
periods as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        baselines.incidents_per_release as baseline_incidents_per_release,
        count(*) as weeks,
        sum(earlier.releases) as releases,
        sum(earlier.incidents) as incidents,
        {{ shipworthy.safe_ratio('sum(organisation_weeks.incidents)', 'sum(organisation_weeks.releases)') }}
            as organisation_incidents_per_release

    from team_weeks

    inner join baselines
        on
            team_weeks.team = baselines.team
            and team_weeks.week_start_on > baselines.complete_on

    inner join team_weeks as earlier
        on
            team_weeks.team = earlier.team
            and team_weeks.week_start_on >= earlier.week_start_on
            and baselines.complete_on < earlier.week_start_on
            and earlier.week_start_on
            > cast({{ shipworthy.add_days('cast(team_weeks.week_start_on as timestamp)', -91) }} as date)

    inner join organisation_weeks
        on earlier.week_start_on = organisation_weeks.week_start_on

    group by team_weeks.team, team_weeks.week_start_on, baselines.incidents_per_release

),

-- "Both the baseline and the organisation" is the smaller of the two.
expected as (

    select
        *,
        releases * least(baseline_incidents_per_release, organisation_incidents_per_release) as expected_incidents

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
        expected.organisation_incidents_per_release,
        expected.expected_incidents,
        chances.incident_chance

    from expected

    left join chances
        on
            expected.team = chances.team
            and expected.week_start_on = chances.week_start_on

)

select * from final
