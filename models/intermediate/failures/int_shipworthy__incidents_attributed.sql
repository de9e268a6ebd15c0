with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_counted') }}

),

causes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_causes') }}

),

-- The first rule that names a deployment, and of several deployments the last.
ranked as (

    select
        *,
        row_number() over (
            partition by incident_id
            order by preference asc, shipping_order desc
        ) as place

    from causes

),

final as (

    select
        incidents.incident_id,
        incidents.severity_label,
        incidents.severity,
        incidents.is_severity_unknown,
        incidents.severity_weight,
        incidents.opened_at,
        incidents.resolved_at,
        incidents.source,
        coalesce(ranked.attribution_method, 'unattributed') as attribution_method,
        ranked.attribution_confidence,
        ranked.deployment_id,
        coalesce(ranked.evidence_at, incidents.opened_at) as evidence_at

    from incidents

    left join ranked
        on
            incidents.incident_id = ranked.incident_id
            and ranked.place = 1

)

select * from final
