with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_counted') }}

),

rollouts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__rollouts_by_service_week') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

active as (

    select
        team,
        service,
        week_start_on

    from deployments

    union distinct

    select
        team,
        service,
        week_start_on

    from rollouts

),

active_weeks as (

    select distinct
        service,
        week_start_on

    from active

),

first_weeks as (

    select
        service,
        min(week_start_on) as first_week_start_on

    from active

    group by service

),

-- A week without a deployment is a frequency of 0, for whoever had the service on its Monday.
quiet as (

    select
        min(service_paths.team) as team,
        first_weeks.service,
        weeks.week_start_on

    from first_weeks

    inner join weeks
        on first_weeks.first_week_start_on < weeks.week_start_on

    inner join service_paths
        on
            first_weeks.service = service_paths.service
            and {{ shipworthy.is_valid_on('service_paths', 'weeks.week_start_on') }}

    left join active_weeks
        on
            first_weeks.service = active_weeks.service
            and weeks.week_start_on = active_weeks.week_start_on

    where active_weeks.service is null

    group by first_weeks.service, weeks.week_start_on

),

final as (

    select * from active

    union all

    select * from quiet

)

select * from final
