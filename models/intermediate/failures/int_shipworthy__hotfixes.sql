with

incident_fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_fixes') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

pull_requests as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_requests') }}

),

named_fixes as (

    select distinct
        repository,
        sha

    from incident_fixes

),

changes_numbered as (

    select distinct
        repository,
        pull_request_number

    from changes

    where pull_request_number is not null

),

-- A request belongs to the change with its number, else with its merge sha.
requests_landed as (

    select
        changes.repository,
        changes.sha,
        pull_requests.head_branch

    from pull_requests

    inner join changes
        on
            pull_requests.repository = changes.repository
            and pull_requests.number = changes.pull_request_number

    union all

    select
        pull_requests.repository,
        pull_requests.merge_sha as sha,
        pull_requests.head_branch

    from pull_requests

    left join changes_numbered
        on
            pull_requests.repository = changes_numbered.repository
            and pull_requests.number = changes_numbered.pull_request_number

    where changes_numbered.pull_request_number is null

),

final as (

    select distinct
        changes.repository,
        changes.sha,
        changes.landed_at

    from changes

    left join requests_landed
        on
            changes.repository = requests_landed.repository
            and changes.sha = requests_landed.sha

    left join named_fixes
        on
            changes.repository = named_fixes.repository
            and changes.sha = named_fixes.sha

    where {{ shipworthy.is_hotfix(
        'changes.is_fix', 'requests_landed.head_branch', 'named_fixes.sha is not null'
    ) | indent(4) }}

)

select * from final
