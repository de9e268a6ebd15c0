with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_counted') }}

),

incident_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_services_resolved') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

teams_when_opened as (

    select
        incidents.incident_id,
        service_paths.service,
        min(service_paths.team) as team

    from incidents

    inner join incident_services
        on incidents.incident_id = incident_services.incident_id

    inner join service_paths
        on
            incident_services.service = service_paths.service
            and {{ shipworthy.is_valid_on('service_paths', 'cast(incidents.opened_at as date)') }}

    group by incidents.incident_id, service_paths.service

),

repositories_of_services as (

    select
        service,
        min(repository) as repository

    from service_paths

    group by service

),

-- A service that nobody owned on that day belongs to its repository. Of several services, the one of the first team by
-- name; services that nobody knows come last.
final as (

    select
        incident_services.incident_id,
        incident_services.service,
        coalesce(teams_when_opened.team, repositories_of_services.repository) as team,
        repositories_of_services.service is not null as is_known,
        row_number() over (
            partition by incident_services.incident_id
            order by
                case when repositories_of_services.service is null then 1 else 0 end,
                coalesce(teams_when_opened.team, repositories_of_services.repository),
                incident_services.service
        ) as place

    from incident_services

    left join teams_when_opened
        on
            incident_services.incident_id = teams_when_opened.incident_id
            and incident_services.service = teams_when_opened.service

    left join repositories_of_services
        on incident_services.service = repositories_of_services.service

)

select * from final
