with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

services_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_known') }}

),

repositories_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__repositories_known') }}

),

-- A service that the team gave up holds nobody back.
deployed as (

    select distinct
        deployments.team,
        services_known.service,
        services_known.repository,
        services_known.known_through,
        services_known.source

    from deployments

    inner join services_known
        on
            deployments.service = services_known.service
            and deployments.repository = services_known.repository
            and deployments.deployed_at
            >= {{ shipworthy.add_days('services_known.newest_at', -shipworthy.window('feeding_days')) }}

),

rested_on as (

    select
        'shipping' as subject,
        team,
        source,
        known_through

    from deployed

    where known_through is not null

    union all

    select
        'requests' as subject,
        deployed.team,
        repositories_known.requests_source as source,
        repositories_known.requests_known_through as known_through

    from deployed

    inner join repositories_known
        on deployed.repository = repositories_known.repository

    where repositories_known.requests_known_through is not null

),

-- The organisation rests on what any team rests on.
scopes as (

    select
        *,
        false as is_organisation

    from rested_on

    union all

    select
        subject,
        'all teams' as team,
        source,
        known_through,
        true as is_organisation

    from rested_on

),

ranked as (

    select
        *,
        row_number() over (
            partition by subject, team, is_organisation
            order by known_through nulls last, source
        ) as place

    from scopes

),

final as (

    select
        team,
        is_organisation,
        max(case when subject = 'shipping' then known_through end) as shipping_known_through,
        max(case when subject = 'shipping' then source end) as shipping_source,
        max(case when subject = 'requests' then known_through end) as requests_known_through,
        max(case when subject = 'requests' then source end) as requests_source

    from ranked

    where place = 1

    group by team, is_organisation

)

select * from final
