{#- What is told of failures, week by week: failed releases of which only their repair tells, and dismissed records. -#}

with

remediations as (

    select * from {{ ref('shipworthy', 'int_shipworthy__remediations') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_placed') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

records as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_records_placed') }}

),

releases_with_incidents as (

    select distinct release_id

    from incidents

    where release_id is not null

),

repaired as (

    select
        deployments.team,
        remediations.release_id,
        {{ shipworthy.week_start_on('min(remediations.remediated_at)') }} as week_start_on

    from remediations

    inner join deployments
        on remediations.deployment_id = deployments.deployment_id

    group by deployments.team, remediations.release_id

),

told as (

    select
        'unfiled_failures' as what,
        repaired.team,
        repaired.week_start_on,
        case when releases_with_incidents.release_id is null then 1 else 0 end as is_hidden

    from repaired

    left join releases_with_incidents
        on repaired.release_id = releases_with_incidents.release_id

    union all

    select
        'dismissed_incidents' as what,
        team,
        week_start_on,
        case when is_dismissed then 1 else 0 end as is_hidden

    from records

),

final as (

    select
        what,
        team,
        week_start_on,
        count(*) as told,
        sum(is_hidden) as hidden

    from told

    group by what, team, week_start_on

)

select * from final
