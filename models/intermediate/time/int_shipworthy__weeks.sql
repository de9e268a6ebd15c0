with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

ai_usage as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__ai_usage') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- Incidents are none of them: alone they say nothing of a week, and one of long ago would begin thousands.
events as (

    select min(landed_at) as first_at from changes

    union all

    select min(window_started_at) as first_at from deployments

    union all

    select min(bucket_started_at) as first_at from ai_usage

),

first_event as (

    select min(first_at) as first_at from events

),

final as (

    select
        {{ shipworthy.weeks_between(
            shipworthy.week_start_on('first_event.first_at'), shipworthy.week_start_on('as_of.as_of_at')
        ) | indent(8) }} as week_start_on

    from first_event

    cross join as_of

)

select * from final
