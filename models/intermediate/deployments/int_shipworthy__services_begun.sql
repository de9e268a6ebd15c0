with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_successful') }}

    where
        not is_superseded
        and coalesce(kind <> 'flag', true)

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

    where
        request_number is null
        and ancestor_position is not null

),

numbered as (

    select
        deployments.service,
        deployments.repository,
        commits_named.ancestor_position as first_position,
        row_number() over (
            partition by deployments.service, deployments.repository
            order by deployments.deployed_at, commits_named.ancestor_position, deployments.deployment_id
        ) as place

    from deployments

    inner join commits_named
        on
            deployments.repository = commits_named.repository
            and deployments.sha = commits_named.commit_name

),

final as (

    select
        service,
        repository,
        first_position

    from numbered

    where place = 1

)

select * from final
