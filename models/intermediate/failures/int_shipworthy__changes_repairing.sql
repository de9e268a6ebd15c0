with

incident_fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_fixes') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

requests_by_change as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_by_change') }}

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

requests_landed as (

    select
        requests_by_change.repository,
        requests_by_change.sha,
        pull_requests.head_branch,
        pull_requests.labels

    from requests_by_change

    inner join pull_requests
        on
            requests_by_change.repository = pull_requests.repository
            and requests_by_change.number = pull_requests.number

),

judged as (

    select
        changes.repository,
        changes.sha,
        changes.landed_at,
        coalesce(changes.is_fix, false) as is_fix,
        {{ shipworthy.is_hotfix(
            'coalesce(requests_landed.head_branch, changes.merged_branch)',
            'requests_landed.labels',
            'named_fixes.sha is not null'
        ) | indent(8) }} as is_hotfix

    from changes

    left join requests_landed
        on
            changes.repository = requests_landed.repository
            and changes.sha = requests_landed.sha

    left join named_fixes
        on
            changes.repository = named_fixes.repository
            and changes.sha = named_fixes.sha

),

final as (

    select
        repository,
        sha,
        landed_at,
        max(case when is_hotfix then 1 else 0 end) = 1 as is_hotfix

    from judged

    where
        is_fix
        or is_hotfix

    group by repository, sha, landed_at

)

select * from final
