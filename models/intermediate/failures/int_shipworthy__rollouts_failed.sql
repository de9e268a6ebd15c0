{%- set window_hours = var('shipworthy__release_window_hours') -%}

with

deployment_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployment_services') }}

),

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

windowed as (

    select
        *,
        {{ shipworthy.window_started_at('deployed_at', window_hours) | indent(8) }} as window_started_at

    from deployment_services

    where
        status in ('failure', 'cancelled')
        and is_production

),

owners as (

    select
        windowed.deployment_id,
        min(services_listed.team) as team

    from windowed

    inner join services_listed
        on
            windowed.service = services_listed.service
            and {{ shipworthy.is_valid_on('services_listed', 'cast(windowed.window_started_at as date)') }}

    group by windowed.deployment_id

),

final as (

    select
        windowed.deployment_id,
        windowed.service,
        coalesce(owners.team, windowed.repository) as team,
        windowed.kind,
        windowed.deployed_at,
        {{ shipworthy.week_start_on('windowed.window_started_at') }} as week_start_on

    from windowed

    left join owners
        on windowed.deployment_id = owners.deployment_id

)

select * from final
