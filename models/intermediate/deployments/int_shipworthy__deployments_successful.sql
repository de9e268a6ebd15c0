with

deployment_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployment_services') }}

),

-- Where something else tells of a service's deployments, its release tags would tell of them again.
final as (

    select
        deployment_id,
        recorded_deployment_id,
        named_service,
        service,
        repository,
        is_unlisted,
        environment,
        is_production,
        status,
        kind,
        source,
        sha,
        is_rollback_by_source,
        began_at,
        deployed_at,
        coalesce(source = 'git_tag', false)
        and max(
            case when coalesce(source <> 'git_tag', true) and coalesce(kind <> 'flag', true) then 1 else 0 end
        ) over (partition by service) = 1 as is_superseded

    from deployment_services

    where
        status = 'success'
        and is_production

)

select * from final
