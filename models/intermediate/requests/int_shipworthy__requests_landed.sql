with

pull_requests as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_requests') }}

),

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

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
        pull_requests.merge_sha,
        pull_requests.opened_at,
        pull_requests.merge_sha is null and pull_requests.merged_at <= as_of.as_of_at as is_merged_unnamed

    from pull_requests

    cross join as_of

    where
        pull_requests.opened_at is null
        or pull_requests.opened_at <= as_of.as_of_at

),

whole as (

    select
        requests.repository,
        requests.number,
        commits.sha

    from requests

    inner join commits
        on
            requests.repository = commits.repository
            and requests.merge_sha = commits.sha

),

-- Some platforms give the first twelve characters. Fewer than seven, or those of several commits, name none.
abbreviated as (

    select
        requests.repository,
        requests.number,
        min(commits.sha) as sha

    from requests

    inner join commits
        on
            requests.repository = commits.repository
            and left(requests.merge_sha, 7) = left(commits.sha, 7)
            and requests.merge_sha = left(commits.sha, length(requests.merge_sha))

    left join whole
        on
            requests.repository = whole.repository
            and requests.number = whole.number

    where
        length(requests.merge_sha) >= 7
        and whole.sha is null

    group by requests.repository, requests.number

    having count(*) = 1

),

merged_as as (

    select * from whole

    union all

    select * from abbreviated

),

-- A commit of a branch stands for the change that brought it.
final as (

    select
        requests.repository,
        requests.number,
        requests.opened_at,
        coalesce(requests.is_merged_unnamed, false) as is_merged_unnamed,
        changes.sha as landing_sha,
        changes.mainline_position as landing_position

    from requests

    left join merged_as
        on
            requests.repository = merged_as.repository
            and requests.number = merged_as.number

    left join commits
        on
            merged_as.repository = commits.repository
            and merged_as.sha = commits.sha

    left join changes
        on
            commits.repository = changes.repository
            and case when commits.mainline_position is null then commits.landed_with_sha else commits.sha end
            = changes.sha

)

select * from final
