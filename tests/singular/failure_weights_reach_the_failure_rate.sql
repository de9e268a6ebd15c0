-- Guards shipworthy__severity_weighted_failure_rate: the weight of a window or deployment whose team-week is missing,
-- or is there twice, would be left out of the rate or counted double.
with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

windows as (

    select
        team,
        week_start_on,
        sum(case when is_closed then failure_weight else 0.0 end) as failure_weight

    from {{ ref('shipworthy', 'int_shipworthy__team_windows') }}

    group by team, week_start_on

),

deployments as (

    select
        team,
        week_start_on,
        sum(case when is_closed then failure_weight else 0.0 end) as failure_weight

    from {{ ref('shipworthy', 'fct_shipworthy__deployments') }}

    group by team, week_start_on

),

facts as (

    select
        coalesce(windows.team, deployments.team) as team,
        coalesce(windows.week_start_on, deployments.week_start_on) as week_start_on,
        windows.failure_weight,
        deployments.failure_weight as deployment_failure_weight

    from windows

    full outer join deployments
        on
            windows.team = deployments.team
            and windows.week_start_on = deployments.week_start_on

),

rates as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_weighted_failure_rate') }}

)

select
    coalesce(facts.team, rates.team) as team,
    coalesce(facts.week_start_on, rates.week_start_on) as week_start_on,
    facts.failure_weight as window_weight,
    rates.failure_weight as rate_weight,
    facts.deployment_failure_weight as deployment_weight,
    rates.deployment_failure_weight as rate_deployment_weight

from facts

full outer join rates
    on
        facts.team = rates.team
        and facts.week_start_on = rates.week_start_on

cross join as_of

where
    -- without incidents the rate states no weight at all
    as_of.has_incidents
    and (
        {#- A week of nothing but unattributed incidents has no window; one of redeployments alone has no row. #}
        abs(coalesce(facts.failure_weight, 0.0) - case when rates.team is null then 0.0 else rates.failure_weight end)
        <= 1e-9
        and abs(
            coalesce(facts.deployment_failure_weight, 0.0)
            - case when rates.team is null then 0.0 else rates.deployment_failure_weight end
        ) <= 1e-9
    ) is not true
