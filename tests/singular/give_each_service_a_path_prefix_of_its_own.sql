-- Guards int_shipworthy__paths_assigned: where two services claim one directory of a repository at the same time, the
-- first by name would get all of its lines, and the other would seem to ship nothing. Put a path_prefix of its own
-- beside each service in the services table; a service that deploys but is not listed there claims the whole
-- repository, unless a listed service has it. A name that hardly any deployment has is a slip, and takes nothing.
with

service_paths as (

    select
        *,
        coalesce(valid_from_on, date '0001-01-01') as first_on,
        coalesce(valid_to_on, date '9999-12-31') as ended_on

    from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

listed_whole_repositories as (

    select distinct repository

    from service_paths

    where
        is_listed
        and path_prefix = ''

)

select
    earlier.repository,
    earlier.path_prefix,
    earlier.service,
    later.service as other_service,
    greatest(earlier.first_on, later.first_on) as clashing_from_on

from service_paths as earlier

inner join service_paths as later
    on
        earlier.repository = later.repository
        and earlier.path_prefix = later.path_prefix
        and earlier.is_listed = later.is_listed
        and earlier.first_on < later.ended_on
        and later.first_on < earlier.ended_on
        and (
            earlier.service < later.service
            or (earlier.service = later.service and earlier.first_on < later.first_on)
        )

left join listed_whole_repositories
    on earlier.repository = listed_whole_repositories.repository

where
    not earlier.is_slip
    and not later.is_slip
    and (
        earlier.is_listed
        or listed_whole_repositories.repository is null
    )
