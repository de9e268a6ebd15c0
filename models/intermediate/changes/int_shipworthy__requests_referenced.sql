with

references_made as (

    select * from {{ ref('shipworthy', 'int_shipworthy__references_made') }}

),

commits_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_referenced') }}

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

repositories_of_services as (

    select
        service,
        repository

    from service_paths

    union distinct

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

    union distinct

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

    union distinct

    select
        asked_by,
        asked_repository,
        asked_id,
        reference,
        request_number,
        lower(repository) as repository_key

    from commits_referenced

    where
        change_sha is null
        and request_number is not null

),

-- A request that nobody loaded is known by the changes that name it.
changes_of_requests as (

    select
        repository,
        number as request_number,
        sha

    from requests_by_change

    union distinct

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
        requests_meant.repository_key,
        changes_of_requests.repository,
        changes_of_requests.sha as change_sha

    from requests_meant

    inner join changes_of_requests
        on
            requests_meant.request_number = changes_of_requests.request_number
            and (
                requests_meant.repository_key is null
                or requests_meant.repository_key = lower(changes_of_requests.repository)
            )

),

numbers_of_one_repository as (

    select
        asked_by,
        asked_id,
        reference

    from requests_found

    where repository_key is null

    group by asked_by, asked_id, reference

    having count(distinct repository) = 1

),

final as (

    select
        requests_found.asked_by,
        requests_found.asked_repository,
        requests_found.asked_id,
        requests_found.repository,
        requests_found.change_sha

    from requests_found

    left join numbers_of_one_repository
        on
            requests_found.asked_by = numbers_of_one_repository.asked_by
            and requests_found.asked_id = numbers_of_one_repository.asked_id
            and requests_found.reference = numbers_of_one_repository.reference

    where
        requests_found.repository_key is not null
        or numbers_of_one_repository.asked_id is not null

)

select * from final
