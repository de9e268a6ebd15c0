-- Guards shipworthy__human_decision_density and shipworthy__delivery_performance: a change or a decision that belongs
-- to no team-week would vanish from density, and a deployment of no service-week from its failure rate.
with

changes as (

    select
        count(*) as changes_shipped,
        coalesce(sum(decisions), 0) as decisions

    from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

    where is_earliest

),

refused as (

    select count(*) as decisions

    from {{ ref('shipworthy', 'int_shipworthy__requests_decided') }}

    where refused_at is not null

),

density as (

    select
        coalesce(sum(changes_shipped), 0) as changes_shipped,
        coalesce(sum(decisions), 0) as decisions,
        count(*) - count(decisions) as hidden_rows,
        count(*) - count(changes_shipped) as suppressed_rows

    from {{ ref('shipworthy', 'shipworthy__human_decision_density') }}

    where
        is_organisation
        and authorship = 'all'

),

deployments as (

    select count(*) as deployments

    from {{ ref('shipworthy', 'fct_shipworthy__deployments') }}

    where
        basis <> 'superseded_by_source'
        and ({{ var('shipworthy__redeployments_count') }} or (not is_redeployment and basis <> 'flag'))

),

performance as (

    select
        coalesce(sum(deployments), 0) as deployments,
        coalesce(sum(changes_shipped), 0) as changes_shipped

    from {{ ref('shipworthy', 'shipworthy__delivery_performance') }}

),

shipped as (

    select count(*) as changes_shipped

    from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

)

select
    changes.changes_shipped,
    density.changes_shipped as changes_of_density,
    changes.decisions + refused.decisions as decisions,
    density.decisions as decisions_of_density,
    deployments.deployments,
    performance.deployments as deployments_of_performance,
    shipped.changes_shipped as shipments,
    performance.changes_shipped as shipments_of_performance

from changes

cross join refused

cross join density

cross join deployments

cross join performance

cross join shipped

where
    -- a row that may not be shown, or is not known, hides what it counts
    (density.suppressed_rows = 0 and changes.changes_shipped <> density.changes_shipped)
    or (density.hidden_rows = 0 and changes.decisions + refused.decisions <> density.decisions)
    or deployments.deployments <> performance.deployments
    or shipped.changes_shipped <> performance.changes_shipped
