with

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

split as (

    select
        incident_id,
        {{ shipworthy.split_to_rows('service', '+') }} as service

    from incidents

    where service is not null

),

trimmed as (

    select distinct
        incident_id,
        {{ shipworthy.service_name('trim(service)') }} as service

    from split

    where trim(service) <> ''

)

select * from trimmed
