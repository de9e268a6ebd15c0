with

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

incidents_merged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_merged') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- What the others know helps where the kept one knows nothing; of several, the first by name.
known_by_others as (

    select
        incidents_merged.kept_incident_id,
        min(incidents.caused_by_deployment_id) as caused_by_deployment_id,
        min(incidents.caused_by_sha) as caused_by_sha,
        min(incidents.fixed_by_sha) as fixed_by_sha

    from incidents_merged

    inner join incidents
        on incidents_merged.incident_id = incidents.incident_id

    where
        incidents_merged.incident_id <> incidents_merged.kept_incident_id
        and not coalesce(incidents.is_false_alarm, false)

    group by incidents_merged.kept_incident_id

),

final as (

    select
        incidents.incident_id,
        incidents.source,
        incidents.severity_label,
        incidents.opened_at,
        case when incidents.resolved_at <= as_of.as_of_at then incidents.resolved_at end as resolved_at,
        case
            when incidents.caused_by_sha is null
                then coalesce(incidents.caused_by_deployment_id, known_by_others.caused_by_deployment_id)
            else incidents.caused_by_deployment_id
        end as caused_by_deployment_id,
        case
            when incidents.caused_by_deployment_id is null
                then coalesce(incidents.caused_by_sha, known_by_others.caused_by_sha)
            else incidents.caused_by_sha
        end as caused_by_sha,
        coalesce(incidents.fixed_by_sha, known_by_others.fixed_by_sha) as fixed_by_sha

    from incidents

    inner join incidents_merged
        on
            incidents.incident_id = incidents_merged.incident_id
            and incidents.incident_id = incidents_merged.kept_incident_id

    cross join as_of

    left join known_by_others
        on incidents.incident_id = known_by_others.kept_incident_id

    where
        not coalesce(incidents.is_false_alarm, false)
        and not coalesce(incidents.is_maintenance, false)

)

select * from final
