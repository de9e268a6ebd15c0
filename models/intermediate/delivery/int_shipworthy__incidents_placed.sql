with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_attributed') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

services_named as (

    select
        incident_id,
        service,
        team

    from {{ ref('shipworthy', 'int_shipworthy__incident_teams_named') }}

    where place = 1

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
        coalesce(deployments.team, services_named.team, 'unassigned') as team

    from incidents

    left join deployments
        on incidents.deployment_id = deployments.deployment_id

    left join services_named
        on incidents.incident_id = services_named.incident_id

)

select * from final
