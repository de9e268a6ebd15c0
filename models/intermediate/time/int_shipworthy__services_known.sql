with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

parts_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__parts_known') }}

),

repositories_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__repositories_known') }}

),

raw_deployments as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployments') }}

),

newest as (

    select
        service,
        repository,
        max(deployed_at) as newest_at

    from deployments

    group by service, repository

),

-- A tool that was replaced long ago feeds the service no more. What lands by itself has no feed but its repository.
feeding as (

    select distinct
        deployments.service,
        deployments.repository,
        parts_known.source,
        parts_known.known_through

    from deployments

    inner join newest
        on
            deployments.service = newest.service
            and deployments.repository = newest.repository
            and deployments.deployed_at
            >= {{ shipworthy.add_days('newest.newest_at', -shipworthy.window('feeding_days')) }}

    inner join raw_deployments
        on deployments.recorded_deployment_id = raw_deployments.deployment_id

    inner join parts_known
        on
            parts_known.input_name = 'deployments'
            and parts_known.has_rows
            and coalesce(raw_deployments.source, '') = coalesce(parts_known.row_source, '')
            and coalesce(raw_deployments.repository, '') = coalesce(parts_known.repository, '')

),

rested_on as (

    select
        service,
        repository,
        source,
        known_through

    from feeding

    union all

    select
        newest.service,
        newest.repository,
        repositories_known.code_source as source,
        repositories_known.code_known_through as known_through

    from newest

    inner join repositories_known
        on newest.repository = repositories_known.repository

    where repositories_known.code_known_through is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by service, repository
            order by known_through nulls last, source
        ) as place

    from rested_on

),

final as (

    select
        newest.service,
        newest.repository,
        newest.newest_at,
        ranked.known_through,
        ranked.source,
        repositories_known.requests_known_through

    from newest

    left join repositories_known
        on newest.repository = repositories_known.repository

    left join ranked
        on
            newest.service = ranked.service
            and newest.repository = ranked.repository
            and ranked.place = 1

)

select * from final
