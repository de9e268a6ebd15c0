{#- The changes on the mainline that reverts and incidents name: the one home of what such a reference means. -#}

with

references_made as (

    select * from {{ ref('shipworthy', 'int_shipworthy__references_made') }}

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

requests_by_change as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_by_change') }}

),

incident_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_services_resolved') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

-- An incident says no repository: a name that is another commit in each of two repositories names none.
commits_meant as (

    select
        references_made.asked_by,
        references_made.asked_repository,
        references_made.asked_id,
        references_made.reference,
        commits_named.repository,
        commits_named.sha as named_sha,
        commits_named.change_sha,
        commits_named.request_number,
        min(commits_named.sha) over (
            partition by references_made.asked_by, references_made.asked_repository, references_made.asked_id,
            references_made.reference
        )
        = max(commits_named.sha) over (
            partition by references_made.asked_by, references_made.asked_repository, references_made.asked_id,
            references_made.reference
        ) as is_one_commit

    from references_made

    inner join commits_named
        on
            references_made.commit_name = commits_named.commit_name
            and (
                references_made.repository_key is null
                or references_made.repository_key = lower(commits_named.repository)
            )

),

repositories_of_services as (

    select
        service,
        repository

    from service_paths

    union

    select
        service,
        repository

    from deployments

),

-- The request 12 of an incident is that of its services' repositories; without services, of the only one that has a 12.
requests_meant as (

    select
        asked_by,
        asked_repository,
        asked_id,
        reference,
        request_number,
        repository_key

    from references_made

    where
        request_number is not null
        and repository_key is not null

    union

    select
        references_made.asked_by,
        references_made.asked_repository,
        references_made.asked_id,
        references_made.reference,
        references_made.request_number,
        lower(repositories_of_services.repository) as repository_key

    from references_made

    left join incident_services
        on references_made.asked_id = incident_services.incident_id

    left join repositories_of_services
        on incident_services.service = repositories_of_services.service

    where
        references_made.request_number is not null
        and references_made.repository_key is null

    union

    select
        asked_by,
        asked_repository,
        asked_id,
        reference,
        request_number,
        lower(repository) as repository_key

    from commits_meant

    where
        is_one_commit
        and change_sha is null
        and request_number is not null

),

-- A request that nobody loaded is known by the changes that name it.
changes_of_requests as (

    select
        repository,
        number as request_number,
        sha

    from requests_by_change

    union

    select
        changes.repository,
        changes.pull_request_number as request_number,
        changes.sha

    from changes

    left join requests_by_change
        on
            changes.repository = requests_by_change.repository
            and changes.pull_request_number = requests_by_change.number

    where
        changes.pull_request_number is not null
        and requests_by_change.number is null

),

requests_found as (

    select
        requests_meant.asked_by,
        requests_meant.asked_repository,
        requests_meant.asked_id,
        requests_meant.reference,
        changes_of_requests.repository,
        cast(null as {{ dbt.type_string() }}) as named_sha,
        changes_of_requests.sha as change_sha,
        requests_meant.repository_key is not null
        or min(changes_of_requests.repository) over (
            partition by requests_meant.asked_by, requests_meant.asked_id, requests_meant.reference
        )
        = max(changes_of_requests.repository) over (
            partition by requests_meant.asked_by, requests_meant.asked_id, requests_meant.reference
        ) as is_one_request

    from requests_meant

    inner join changes_of_requests
        on
            requests_meant.request_number = changes_of_requests.request_number
            and (
                requests_meant.repository_key is null
                or requests_meant.repository_key = lower(changes_of_requests.repository)
            )

),

resolved as (

    select
        asked_by,
        asked_repository,
        asked_id,
        repository,
        named_sha,
        change_sha

    from commits_meant

    where is_one_commit

    union

    select
        asked_by,
        asked_repository,
        asked_id,
        repository,
        named_sha,
        change_sha

    from requests_found

    where is_one_request

),

final as (

    select
        resolved.asked_by,
        resolved.asked_repository,
        resolved.asked_id,
        resolved.repository,
        resolved.named_sha,
        changes.sha,
        changes.landed_at,
        changes.mainline_position

    from resolved

    inner join changes
        on
            resolved.repository = changes.repository
            and resolved.change_sha = changes.sha

)

select * from final
