{%- set attribution_hours = shipworthy.checked_variable('shipworthy__incident_attribution_hours') -%}
{#- A named cause put a change live so long before the opening at most: nobody blames what is old or empty. -#}
{%- set named_cause_days = shipworthy.checked_variable('shipworthy__named_cause_days') -%}
{%- set oldest_cause = shipworthy.add_days('incidents.opened_at', -named_cause_days) -%}

with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_counted') }}

),

incident_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_services_resolved') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

fixes_traced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__fixes_traced') }}

),

incident_fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_fixes') }}

),

changes_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_referenced') }}

    where asked_by = 'cause'

),

naming_services as (

    select distinct incident_id from incident_services

),

fixes_landed as (

    select
        incident_id,
        max(landed_at) as landed_at

    from incident_fixes

    group by incident_id

),

deployments_putting_live as (

    select distinct deployment_id from put_live

),

named_deployments as (

    select
        incidents.incident_id,
        deployments.deployment_id,
        deployments.shipping_order,
        case when incident_services.incident_id is null then 2 else 1 end as preference,
        incidents.opened_at as evidence_at

    from incidents

    -- a release tag is a deployment of several services: the incident's before the others
    inner join deployments
        on incidents.caused_by_deployment_id = deployments.recorded_deployment_id

    inner join deployments_putting_live
        on deployments.deployment_id = deployments_putting_live.deployment_id

    left join incident_services
        on
            incidents.incident_id = incident_services.incident_id
            and deployments.service = incident_services.service

    where
        deployments.began_at <= incidents.opened_at
        and deployments.deployed_at >= {{ oldest_cause }}

),

named_changes as (

    select
        incidents.incident_id,
        put_live.deployment_id,
        put_live.shipping_order,
        incidents.opened_at as evidence_at

    from incidents

    inner join changes_referenced
        on incidents.incident_id = changes_referenced.asked_id

    inner join put_live
        on
            changes_referenced.repository = put_live.repository
            and changes_referenced.sha = put_live.sha
            and incidents.opened_at >= put_live.deployed_at
            and put_live.deployed_at >= {{ oldest_cause }}

    left join naming_services
        on incidents.incident_id = naming_services.incident_id

    left join incident_services
        on
            incidents.incident_id = incident_services.incident_id
            and put_live.service = incident_services.service

    where
        naming_services.incident_id is null
        or incident_services.incident_id is not null

),

fixes as (

    select
        incidents.incident_id,
        deployments.deployment_id,
        deployments.shipping_order,
        greatest(incidents.opened_at, fixes_landed.landed_at) as evidence_at

    from incidents

    inner join fixes_traced
        on
            incidents.incident_id = fixes_traced.asked_by_id
            and fixes_traced.asked_by = 'incident'

    inner join fixes_landed
        on incidents.incident_id = fixes_landed.incident_id

    inner join deployments
        on fixes_traced.deployment_id = deployments.deployment_id

),

recent as (

    select
        incidents.incident_id,
        deployments.deployment_id,
        deployments.shipping_order,
        deployments.is_redeployment,
        deployments_putting_live.deployment_id is not null as put_change_live,
        incidents.opened_at as evidence_at

    from incidents

    inner join incident_services
        on incidents.incident_id = incident_services.incident_id

    inner join deployments
        on
            incident_services.service = deployments.service
            and deployments.began_at >= {{ shipworthy.add_hours('incidents.opened_at', -attribution_hours) }}
            {%- if var('shipworthy__incident_tie') == 'strictly_before' %}
            and deployments.began_at < incidents.opened_at
            {%- else %}
            and deployments.began_at <= incidents.opened_at
            {%- endif %}

    left join deployments_putting_live
        on deployments.deployment_id = deployments_putting_live.deployment_id

),

candidates as (

    select
        incident_id,
        deployment_id,
        shipping_order,
        evidence_at,
        preference,
        'explicit' as attribution_method,
        1.0 as attribution_confidence

    from named_deployments

    union all

    select
        incident_id,
        deployment_id,
        shipping_order,
        evidence_at,
        3 as preference,
        'explicit' as attribution_method,
        1.0 as attribution_confidence

    from named_changes

    union all

    select
        incident_id,
        deployment_id,
        shipping_order,
        evidence_at,
        4 as preference,
        'fix' as attribution_method,
        0.8 as attribution_confidence

    from fixes

    union all

    {#- A deployment that put a change live goes before one that did not, such as a flag or a rollback. #}
    select
        incident_id,
        deployment_id,
        shipping_order,
        evidence_at,
        case when put_change_live then 5 else 6 end as preference,
        'time' as attribution_method,
        0.5 as attribution_confidence

    from recent

    where
        put_change_live
        or not is_redeployment

),

ranked as (

    select
        *,
        row_number() over (
            partition by incident_id
            order by preference asc, shipping_order desc
        ) as place

    from candidates

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
