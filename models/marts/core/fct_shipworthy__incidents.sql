{{ config(alias='fct_incidents') }}

with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_attributed') }}

),

incident_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_services_resolved') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

-- Of several services, the first by name.
teams_when_opened as (

    select
        incidents.incident_id,
        min(service_paths.team) as team

    from incidents

    inner join incident_services
        on incidents.incident_id = incident_services.incident_id

    inner join service_paths
        on
            incident_services.service = service_paths.service
            and (
                service_paths.valid_from_on is null
                or service_paths.valid_from_on <= cast(incidents.opened_at as date)
            )
            and (
                service_paths.valid_to_on is null
                or cast(incidents.opened_at as date) < service_paths.valid_to_on
            )

    group by incidents.incident_id

),

services_named as (

    select
        incident_id,
        min(service) as service

    from incident_services

    group by incident_id

),

final as (

    select
        ---------- incident
        incidents.incident_id,
        incidents.source,
        incidents.opened_at,
        incidents.resolved_at,
        {{ shipworthy.week_start_on('incidents.opened_at') }} as opened_week_start_on,

        ---------- severity
        incidents.severity_label,
        incidents.severity,
        incidents.is_severity_unknown,
        incidents.severity_weight,

        ---------- cause
        incidents.attribution_method,
        cast(incidents.attribution_confidence as {{ shipworthy.type_double() }}) as attribution_confidence,
        incidents.deployment_id,
        deployments.release_id,
        incidents.evidence_at,

        ---------- whose
        coalesce(deployments.service, services_named.service, 'unassigned') as service,
        coalesce(deployments.team, teams_when_opened.team, 'unassigned') as team

    from incidents

    left join deployments
        on incidents.deployment_id = deployments.deployment_id

    left join teams_when_opened
        on incidents.incident_id = teams_when_opened.incident_id

    left join services_named
        on incidents.incident_id = services_named.incident_id

)

select * from final
