{%- set window_hours = var('shipworthy__release_window_hours') -%}
{%- set attribution_hours = var('shipworthy__incident_attribution_hours') -%}

with

failures as (

    select * from {{ ref('shipworthy', 'int_shipworthy__failures') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_counted') }}

),

incident_teams_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_teams_named') }}

    where is_known

),

-- For the team whose release went wrong, in the window of that release.
caused as (

    select
        failures.failure,
        failures.failure_id,
        failures.deployment_id,
        deployments.team,
        deployments.window_started_at,
        failures.failure_weight,
        failures.evidence_at

    from failures

    inner join deployments
        on failures.deployment_id = deployments.deployment_id

),

causing_teams as (

    select distinct
        failure_id as incident_id,
        team

    from caused

    where failure = 'incident'

),

naming as (

    select distinct
        incident_id,
        team

    from incident_teams_named

),

-- For a team whose service an incident names, in the window of the opening: another cause takes it off nobody, nor does
-- a deployment whose record is gone.
named as (

    select
        'incident' as failure,
        incidents.incident_id as failure_id,
        cast(null as {{ dbt.type_string() }}) as deployment_id,
        naming.team,
        {{ shipworthy.window_started_at('incidents.opened_at', window_hours) | indent(8) }} as window_started_at,
        incidents.severity_weight as failure_weight,
        incidents.opened_at as evidence_at

    from incidents

    inner join naming
        on incidents.incident_id = naming.incident_id

    left join causing_teams
        on
            naming.incident_id = causing_teams.incident_id
            and naming.team = causing_teams.team

    where causing_teams.incident_id is null

),

weighing as (

    select * from caused

    union all

    select * from named

),

-- Incidents and remediations of a team in the order of time: a remediation sees the last incident that opened before.
moments as (

    select
        weighing.*,
        case when weighing.failure = 'incident' then incidents.opened_at end as opened_at,
        coalesce(incidents.opened_at, weighing.evidence_at) as moment

    from weighing

    left join incidents
        on
            weighing.failure = 'incident'
            and weighing.failure_id = incidents.incident_id

),

looked_back as (

    select
        *,
        max(opened_at) over (
            partition by team
            order by moment, case when failure = 'incident' then 0 else 1 end
            rows between unbounded preceding and current row
        ) as last_opened_at

    from moments

),

-- What answers an incident is no second failure, also where it repairs another release than the one that was blamed.
final as (

    select
        failure,
        failure_id,
        deployment_id,
        team,
        window_started_at,
        failure_weight,
        evidence_at

    from looked_back

    where
        failure = 'incident'
        or last_opened_at is null
        or evidence_at > {{ shipworthy.add_hours('last_opened_at', attribution_hours) }}

)

select * from final
