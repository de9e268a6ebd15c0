with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_counted') }}

),

incidents_merged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_merged') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

changes_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_referenced') }}

    where asked_by = 'fix'

),

-- The incident names its fix, else the fix names its incident, or one that was merged into it.
named_by_incident as (

    select distinct
        incidents.incident_id,
        incidents.opened_at,
        changes_referenced.repository,
        changes_referenced.sha,
        changes_referenced.landed_at

    from incidents

    inner join changes_referenced
        on incidents.incident_id = changes_referenced.asked_id

),

named_by_change as (

    select
        incidents.incident_id,
        incidents.opened_at,
        changes.repository,
        changes.sha,
        changes.landed_at

    from incidents

    inner join incidents_merged
        on incidents.incident_id = incidents_merged.kept_incident_id

    inner join changes
        on incidents_merged.incident_id = changes.fixes_incident_id

    where incidents.fixed_by_sha is null

),

final as (

    select * from named_by_incident

    union all

    select * from named_by_change

)

select * from final
