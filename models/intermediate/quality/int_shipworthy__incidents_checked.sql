{%- set incidents_checks = [
    ['no_time', 'opened_at is null', 'left_out', 'nobody knows when it opened'],
    ['resolved_before_opened', 'resolved_at < opened_at', 'as_is', 'clock skew; weighs as any other'],
    ['unknown_severity', 'is_severity_unknown', 'handled', 'weighs like sev3, and is flagged'],
    ['merged_into_another', 'is_merged_away', 'handled', 'one incident with the one that goes on'],
    ['merged_into_unknown', 'is_merged_into_unknown', 'handled', 'the one of them that opened first stands for all'],
    ['no_service', 'is_counted and service is null', 'handled', 'never attributed by time'],
    ['unknown_service', 'is_counted and names_unknown_service', 'handled', 'no deployment of such a service can have caused it'],
    ['before_any_deployment', 'is_counted and is_before_any_deployment', 'handled', 'unattributed'],
    ['unknown_cause', 'is_counted and is_cause_unknown', 'handled', 'the next evidence decides'],
    ['unbelieved_cause', 'is_cause_unbelieved and not is_cause_unknown', 'handled', 'the named cause put nothing live shortly before: the next evidence decides'],
    ['unknown_fix', 'is_counted and is_fix_unknown', 'handled', 'blames nobody']
] -%}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

incidents_attributed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_attributed') }}

),

incidents_counted as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_counted') }}

),

incidents_merged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_merged') }}

),

incident_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_services_resolved') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

deployments_ordered as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

changes_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_referenced') }}

),

causes as (

    select distinct recorded_deployment_id from deployments_ordered

),

first_deployments as (

    select
        service,
        min(deployed_at) as first_deployed_at

    from deployments_ordered

    group by service

),

first_deployment as (

    select min(deployed_at) as first_deployed_at from deployments_ordered

),

known_services as (

    select service from service_paths

    union distinct

    select service from deployments_ordered

),

services_named as (

    select
        incident_services.incident_id,
        max(case when known_services.service is null then 1 else 0 end) as unknown_services,
        min(first_deployments.first_deployed_at) as first_deployed_at

    from incident_services

    left join known_services
        on incident_services.service = known_services.service

    left join first_deployments
        on incident_services.service = first_deployments.service

    group by incident_services.incident_id

),

changes_found as (

    select distinct
        asked_by,
        asked_id

    from changes_referenced

    where asked_by in ('cause', 'fix')

),

incidents_checked as (

    select
        incidents.*,
        incidents_counted.incident_id is not null as is_counted,
        coalesce(incidents_merged.kept_incident_id <> incidents.incident_id, false) as is_merged_away,
        incidents.merged_into_id is not null and merging.incident_id is null as is_merged_into_unknown,
        coalesce(incidents_counted.is_severity_unknown, false) as is_severity_unknown,
        coalesce(services_named.unknown_services, 0) = 1 as names_unknown_service,
        as_of.has_deployments
        and coalesce(
            incidents.opened_at < case
                when services_named.incident_id is null then first_deployment.first_deployed_at
                else services_named.first_deployed_at
            end,
            true
        ) as is_before_any_deployment,
        (incidents.caused_by_deployment_id is not null and causes.recorded_deployment_id is null)
        or (incidents.caused_by_sha is not null and causing.asked_id is null) as is_cause_unknown,
        (incidents.caused_by_deployment_id is not null or incidents.caused_by_sha is not null)
        and coalesce(incidents_attributed.attribution_method <> 'explicit', false) as is_cause_unbelieved,
        incidents.fixed_by_sha is not null and fixing.asked_id is null as is_fix_unknown

    from incidents

    cross join as_of

    cross join first_deployment

    left join incidents_counted
        on incidents.incident_id = incidents_counted.incident_id

    left join incidents_attributed
        on incidents.incident_id = incidents_attributed.incident_id

    left join incidents_merged
        on incidents.incident_id = incidents_merged.incident_id

    left join incidents_merged as merging
        on incidents.merged_into_id = merging.incident_id

    left join services_named
        on incidents.incident_id = services_named.incident_id

    left join causes
        on incidents.caused_by_deployment_id = causes.recorded_deployment_id

    left join changes_found as causing
        on
            incidents.incident_id = causing.asked_id
            and causing.asked_by = 'cause'

    left join changes_found as fixing
        on
            incidents.incident_id = fixing.asked_id
            and fixing.asked_by = 'fix'

    where coalesce(incidents.opened_at <= as_of.as_of_at, true)

),

final as (

    {{ shipworthy.quality_checks('incidents', 'incident_id', incidents_checks) | indent(4) }}

)

select * from final
