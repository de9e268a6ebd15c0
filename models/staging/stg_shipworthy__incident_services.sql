with

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

listed as (

    select
        incident_id,
        {{ shipworthy.list_to_rows('service') }} as service

    from incidents

    where service is not null

),

final as (

    select distinct
        incident_id,
        {{ shipworthy.service_name('trim(service)') }} as service

    from listed

    where trim(service) <> ''

)

select * from final
