with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_attributed') }}

),

remediations as (

    select * from {{ ref('shipworthy', 'int_shipworthy__remediations') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

blamed as (

    select
        'incident' as failure,
        incident_id as failure_id,
        deployment_id,
        severity_weight as failure_weight,
        evidence_at

    from incidents

    where deployment_id is not null

    union all

    select
        remediation as failure,
        remediation_id as failure_id,
        deployment_id,
        remediation_weight as failure_weight,
        remediated_at as evidence_at

    from remediations

),

final as (

    select
        blamed.failure,
        blamed.failure_id,
        blamed.deployment_id,
        deployments.release_id,
        blamed.failure_weight,
        blamed.evidence_at

    from blamed

    inner join deployments
        on blamed.deployment_id = deployments.deployment_id

)

select * from final
