{{ config(alias='fct_incidents') }}

with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_placed') }}

),

final as (

    select
        ---------- incident
        incident_id,
        source,
        opened_at,
        resolved_at,
        opened_week_start_on,

        ---------- severity
        severity_label,
        severity,
        is_severity_unknown,
        severity_weight,

        ---------- cause
        attribution_method,
        attribution_confidence,
        deployment_id,
        release_id,
        evidence_at,

        ---------- whose
        service,
        team

    from incidents

)

select * from final
