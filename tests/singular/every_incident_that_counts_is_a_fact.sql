-- Guards fct_shipworthy__incidents: an incident lost on the way through severities, services and causes would make
-- the failure rate look better than it is; a false alarm let through, worse.
with

staged as (

    select incidents.incident_id

    from {{ ref('shipworthy', 'stg_shipworthy__incidents') }} as incidents

    left join {{ ref('shipworthy', 'int_shipworthy__incidents_merged') }} as incidents_merged
        on incidents.incident_id = incidents_merged.incident_id

    cross join {{ ref('shipworthy', 'int_shipworthy__as_of') }} as as_of

    where
        incidents.opened_at <= as_of.as_of_at
        and incidents.incident_id = coalesce(incidents_merged.kept_incident_id, incidents.incident_id)
        and not coalesce(incidents.is_false_alarm, false)
        and not coalesce(incidents.is_maintenance, false)

),

facts as (

    select incident_id from {{ ref('shipworthy', 'fct_shipworthy__incidents') }}

)

select
    staged.incident_id as staged_incident_id,
    facts.incident_id as fact_incident_id

from staged

full outer join facts
    on staged.incident_id = facts.incident_id

where
    staged.incident_id is null
    or facts.incident_id is null
