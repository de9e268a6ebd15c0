with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_kept') }}

),

severities_read as (

    select * from {{ ref('shipworthy', 'int_shipworthy__severities_read') }}

),

severity_weights as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_weights') }}

),

read_severity as (

    select
        incidents.*,
        severities_read.severity

    from incidents

    left join severities_read
        on
            coalesce(lower(trim(incidents.source)), '') = severities_read.source_key
            and incidents.severity_label = severities_read.severity_label

),

-- Unknown severity stays unknown, and weighs like sev3.
final as (

    select
        read_severity.incident_id,
        read_severity.severity_label,
        coalesce(read_severity.severity, 'unknown') as severity,
        read_severity.severity is null as is_severity_unknown,
        {{ shipworthy.severity_weight(
            "coalesce(read_severity.severity, 'unknown')", 'severity_weights.severity_weight'
        ) | indent(8) }} as severity_weight,
        read_severity.opened_at,
        read_severity.resolved_at,
        read_severity.caused_by_deployment_id,
        read_severity.caused_by_sha,
        read_severity.fixed_by_sha,
        read_severity.source

    from read_severity

    left join severity_weights
        on coalesce(read_severity.severity, 'sev3') = severity_weights.severity

)

select * from final
