with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

releases as (

    select
        release_id,
        service,
        repository,
        min(team) as team,
        cast(min(deployed_at) as date) as released_on,
        cast(max(deployed_at) as date) as last_deployed_on

    from deployments

    group by release_id, service, repository

),

-- What else changed in the week before and the week after.
releases_nearby as (

    select
        releases.release_id,
        count(*) as other_releases

    from releases

    inner join releases as others
        on
            releases.service = others.service
            and releases.release_id <> others.release_id
            and others.last_deployed_on
            >= {{ shipworthy.add_days('cast(releases.released_on as timestamp)', -7) }}
            and others.released_on
            <= {{ shipworthy.add_days('cast(releases.last_deployed_on as timestamp)', 7) }}

    group by releases.release_id

),

final as (

    select
        releases.*,
        coalesce(releases_nearby.other_releases, 0) as other_releases

    from releases

    left join releases_nearby
        on releases.release_id = releases_nearby.release_id

)

select * from final
