{#- Every incident record, also what was called a false alarm or maintenance, and the teams whose services it names. -#}

with

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

incidents_merged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_merged') }}

    where incident_id = kept_incident_id

),

incident_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_services_resolved') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

final as (

    select distinct
        incidents.incident_id,
        service_paths.team,
        {{ shipworthy.week_start_on('incidents.opened_at') }} as week_start_on,
        incidents.opened_at,
        incidents.caused_by_deployment_id,
        coalesce(incidents.is_false_alarm, false) or coalesce(incidents.is_maintenance, false) as is_dismissed

    from incidents

    inner join incidents_merged
        on incidents.incident_id = incidents_merged.incident_id

    inner join incident_services
        on incidents.incident_id = incident_services.incident_id

    inner join service_paths
        on
            incident_services.service = service_paths.service
            and {{ shipworthy.is_valid_on('service_paths', 'cast(incidents.opened_at as date)') }}

    where service_paths.team is not null

)

select * from final
