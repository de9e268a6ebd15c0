{#- Incidents that were merged into others, each with the one that stands for all of them. -#}

with recursive

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

seen as (

    select
        incidents.incident_id,
        incidents.opened_at,
        nullif(incidents.merged_into_id, incidents.incident_id) as merged_into_id

    from incidents

    cross join as_of

    where incidents.opened_at <= as_of.as_of_at

),

-- From each incident along what it was merged into. Fifty steps are more than anybody takes: who needs them goes round.
walked as (

    select
        incident_id,
        incident_id as reached_id,
        merged_into_id as next_id,
        0 as steps

    from seen

    union all

    select
        walked.incident_id,
        seen.incident_id as reached_id,
        seen.merged_into_id as next_id,
        walked.steps + 1 as steps

    from walked

    inner join seen
        on walked.next_id = seen.incident_id

    where walked.steps < 50

),

furthest as (

    select
        incident_id,
        max(steps) as steps

    from walked

    group by incident_id

),

-- Where the way ends: at an incident that is merged into none or into one that nobody loaded; in a circle, at the first
-- of it by name.
ended as (

    select
        walked.incident_id,
        min(
            case when furthest.steps = 50 then walked.reached_id else coalesce(walked.next_id, walked.reached_id) end
        ) as end_id

    from walked

    inner join furthest
        on walked.incident_id = furthest.incident_id

    where walked.steps >= case when furthest.steps = 50 then 25 else furthest.steps end

    group by walked.incident_id

),

-- The one that the others were merged into is kept; where nobody loaded it, the one that opened first.
final as (

    select
        seen.incident_id,
        seen.opened_at,
        first_value(seen.incident_id) over (
            partition by ended.end_id
            order by case when seen.incident_id = ended.end_id then 0 else 1 end, seen.opened_at, seen.incident_id
        ) as kept_incident_id

    from seen

    inner join ended
        on seen.incident_id = ended.incident_id

)

select * from final
