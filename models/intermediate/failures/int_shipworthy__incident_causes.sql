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
        incidents.opened_at as evidence_at,
        -- a release tag is a deployment of several services: the incident's before the others
        case when incident_services.incident_id is null then 2 else 1 end as preference

    from incidents

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
        incidents.opened_at as evidence_at,
        3 as preference

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
        greatest(incidents.opened_at, fixes_landed.landed_at) as evidence_at,
        4 as preference

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

-- A deployment that put a change live goes before one that did not, such as a flag or a rollback.
recent as (

    select
        incidents.incident_id,
        deployments.deployment_id,
        deployments.shipping_order,
        incidents.opened_at as evidence_at,
        case when deployments_putting_live.deployment_id is not null then 5 else 6 end as preference

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

    where
        deployments_putting_live.deployment_id is not null
        or not deployments.is_redeployment

),

causes as (
    {% for rule in ('named_deployments', 'named_changes', 'fixes', 'recent') %}
    select * from {{ rule }}
    {{ 'union distinct' if not loop.last }}
    {% endfor %}
),

final as (

    select
        *,
        case when preference <= 3 then 'explicit' when preference = 4 then 'fix' else 'time' end as attribution_method,
        case when preference <= 3 then 1.0 when preference = 4 then 0.8 else 0.5 end as attribution_confidence

    from causes

)

select * from final
