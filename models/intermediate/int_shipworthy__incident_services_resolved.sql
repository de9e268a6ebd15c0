with

incident_services as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incident_services') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

-- Where repositories stand in for services, an incident's service is known by the name that deployments call it.
names as (

    select
        service as named_service,
        service

    from service_paths

    union

    select
        named_service,
        service

    from deployments

    where named_service is not null

),

final as (

    select distinct
        incident_services.incident_id,
        coalesce(names.service, incident_services.service) as service

    from incident_services

    left join names
        on incident_services.service = names.named_service

)

select * from final
