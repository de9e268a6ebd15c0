with

incident_services as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incident_services') }}

),

incidents_merged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_merged') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_located') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

-- The services of the incident that is kept; where it names none, those of the incidents that were merged into it.
named as (

    select
        incidents_merged.kept_incident_id as incident_id,
        incident_services.service,
        incidents_merged.incident_id = incidents_merged.kept_incident_id as is_own,
        max(case when incidents_merged.incident_id = incidents_merged.kept_incident_id then 1 else 0 end)
            over (partition by incidents_merged.kept_incident_id)
        = 1 as has_own

    from incident_services

    inner join incidents_merged
        on incident_services.incident_id = incidents_merged.incident_id

),

-- Where repositories stand in for services, an incident's service is known by the name that deployments call it.
names as (

    select
        service as named_service,
        service

    from service_paths

    union distinct

    select
        named_service,
        service

    from deployments

    where named_service is not null

),

final as (

    select distinct
        named.incident_id,
        coalesce(names.service, named.service) as service

    from named

    left join names
        on named.service = names.named_service

    where named.is_own = named.has_own

)

select * from final
