with

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

severity_labels as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_labels') }}

),

severity_weights as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_weights') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

counted as (

    select
        incidents.incident_id,
        incidents.severity_label,
        lower(incidents.source) as source_key,
        {{ shipworthy.severity_key('incidents.severity_label') }} as severity_key,
        incidents.opened_at,
        case when incidents.resolved_at <= as_of.as_of_at then incidents.resolved_at end as resolved_at,
        incidents.caused_by_deployment_id,
        incidents.caused_by_sha,
        incidents.fixed_by_sha,
        incidents.source

    from incidents

    cross join as_of

    where
        incidents.opened_at <= as_of.as_of_at
        and not coalesce(incidents.is_false_alarm, false)
        and not coalesce(incidents.is_maintenance, false)

),

-- What a source means by a word goes before what most mean by it.
labelled as (

    select
        counted.*,
        coalesce(own_labels.severity, common_labels.severity) as severity

    from counted

    left join severity_labels as own_labels
        on
            counted.severity_key = own_labels.severity_label
            and counted.source_key = own_labels.source

    left join severity_labels as common_labels
        on
            counted.severity_key = common_labels.severity_label
            and common_labels.source = 'any'

),

-- Unknown severity stays unknown, and weighs like sev3.
final as (

    select
        labelled.incident_id,
        labelled.severity_label,
        coalesce(labelled.severity, 'unknown') as severity,
        labelled.severity is null as is_severity_unknown,
        {{ shipworthy.severity_weight(
            "coalesce(labelled.severity, 'unknown')", 'severity_weights.severity_weight'
        ) | indent(8) }} as severity_weight,
        labelled.opened_at,
        labelled.resolved_at,
        labelled.caused_by_deployment_id,
        labelled.caused_by_sha,
        labelled.fixed_by_sha,
        labelled.source

    from labelled

    left join severity_weights
        on coalesce(labelled.severity, 'sev3') = severity_weights.severity

)

select * from final
