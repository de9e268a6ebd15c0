with

pull_requests as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_requests') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

requests as (

    select
        pull_requests.repository,
        pull_requests.number,
        pull_requests.merge_sha

    from pull_requests

    cross join as_of

    where
        pull_requests.opened_at is null
        or pull_requests.opened_at <= as_of.as_of_at

),

by_number as (

    select
        requests.repository,
        requests.number,
        changes.sha,
        changes.mainline_position,
        changes.landed_at,
        true as is_by_number

    from requests

    inner join changes
        on
            requests.repository = changes.repository
            and requests.number = changes.pull_request_number

),

numbered as (

    select distinct
        repository,
        number

    from by_number

),

by_merge as (

    select
        requests.repository,
        requests.number,
        changes.sha,
        changes.mainline_position,
        changes.landed_at,
        false as is_by_number

    from requests

    inner join changes
        on
            requests.repository = changes.repository
            and requests.merge_sha = changes.sha

    left join numbered
        on
            requests.repository = numbered.repository
            and requests.number = numbered.number

    where numbered.number is null

),

belonging as (

    select * from by_number

    union all

    select * from by_merge

),

-- Several changes of one request: the last to land carries its decisions. Several requests of one change: the one it
-- names says when its work began.
final as (

    select
        repository,
        number,
        sha,
        landed_at,
        row_number() over (partition by repository, number order by mainline_position desc) = 1 as is_last_to_land,
        row_number() over (partition by repository, sha order by is_by_number desc, number asc) = 1
            as is_first_of_change

    from belonging

)

select * from final
