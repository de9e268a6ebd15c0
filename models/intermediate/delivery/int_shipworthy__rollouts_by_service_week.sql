{%- set attribution_hours = var('shipworthy__incident_attribution_hours') -%}

with

rollouts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__rollouts_failed') }}

    {%- if not var('shipworthy__failed_rollouts_count') %}

    where 1 = 0
    {%- elif not var('shipworthy__redeployments_count') %}

    where coalesce(kind, 'deploy') <> 'flag'
    {%- endif %}

),

services_known as (

    select
        service,
        least(min(known_through), min(requests_known_through)) as known_through

    from {{ ref('shipworthy', 'int_shipworthy__services_known') }}

    group by service

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

final as (

    select
        rollouts.team,
        rollouts.service,
        rollouts.week_start_on,
        sum(
            case
                when
                    {{ shipworthy.add_hours('rollouts.deployed_at', attribution_hours) }}
                    <= least(as_of.as_of_at, as_of.incidents_known_through, services_known.known_through)
                    then 1
                else 0
            end
        ) as failed_rollouts,
        max(rollouts.deployed_at) as last_finished_at

    from rollouts

    cross join as_of

    left join services_known
        on rollouts.service = services_known.service

    group by rollouts.team, rollouts.service, rollouts.week_start_on

)

select * from final
