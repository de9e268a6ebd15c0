with

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_landed') }}

),

pull_request_commits as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__pull_request_commits', {'author_key': 'author'}) | indent(4) }}

),

changes as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

-- In whatever order: the numbers say how many changes there are to look at, and which of one author to compare.
pushed as (

    select
        requests.repository,
        requests.number,
        requests.landing_position,
        coalesce(pull_request_commits.author, '') as author_key,
        pull_request_commits.committed_at,
        max(pull_request_commits.committed_at) over (partition by requests.repository, requests.number)
            as last_committed_at,
        row_number() over (
            partition by requests.repository, requests.number
            order by pull_request_commits.committed_at nulls last, pull_request_commits.sha
        ) as commit_number,
        row_number() over (
            partition by
                requests.repository,
                requests.number,
                coalesce(pull_request_commits.author, '')
            order by pull_request_commits.committed_at nulls last, pull_request_commits.sha
        ) as number_of_author

    from requests

    inner join pull_request_commits
        on
            requests.repository = pull_request_commits.repository
            and requests.number = pull_request_commits.number

    where requests.landing_position is not null

),

-- As many changes as the request has commits, the last of them its landing: all committed anew by the merge, after the
-- last of the request's commits.
last_changes as (

    select
        pushed.repository,
        pushed.number,
        changes.sha,
        changes.mainline_position,
        coalesce(changes.person_key, '') as author_key,
        changes.authored_at,
        row_number() over (
            partition by pushed.repository, pushed.number, coalesce(changes.person_key, '')
            order by changes.authored_at nulls last, changes.mainline_position
        ) as number_of_author

    from pushed

    inner join changes
        on
            pushed.repository = changes.repository
            and pushed.landing_position - pushed.commit_number + 1 = changes.mainline_position
            and pushed.last_committed_at <= changes.landed_at

),

-- A rebase keeps author and author time; the branch commit was made then or, amended, later. A squash or a merge is
-- made at the merge, later than all of them.
matched as (

    select
        pushed.repository,
        pushed.number,
        count(last_changes.sha) as matched_commits,
        count(*) as all_commits

    from pushed

    left join last_changes
        on
            pushed.repository = last_changes.repository
            and pushed.number = last_changes.number
            and pushed.author_key = last_changes.author_key
            and pushed.number_of_author = last_changes.number_of_author
            and pushed.committed_at >= last_changes.authored_at

    group by pushed.repository, pushed.number

),

-- Where commits were dropped on the way (merges of the mainline, empty ones), those that kept author and time to the
-- second, without a gap up to the landing.
timed as (

    select
        pushed.repository,
        pushed.number,
        changes.sha,
        changes.mainline_position,
        pushed.landing_position - changes.mainline_position + 1 as changes_to_landing,
        row_number() over (
            partition by pushed.repository, pushed.number
            order by changes.mainline_position desc
        ) as timed_changes

    from pushed

    inner join changes
        on
            pushed.repository = changes.repository
            and pushed.author_key = coalesce(changes.person_key, '')
            and pushed.committed_at = changes.authored_at
            and pushed.landing_position >= changes.mainline_position

    group by
        pushed.repository,
        pushed.number,
        pushed.landing_position,
        changes.sha,
        changes.mainline_position

),

final as (

    select
        last_changes.repository,
        last_changes.number,
        last_changes.sha,
        last_changes.mainline_position

    from matched

    inner join last_changes
        on
            matched.repository = last_changes.repository
            and matched.number = last_changes.number

    where matched.matched_commits = matched.all_commits

    union all

    select
        timed.repository,
        timed.number,
        timed.sha,
        timed.mainline_position

    from matched

    inner join timed
        on
            matched.repository = timed.repository
            and matched.number = timed.number

    where
        matched.matched_commits < matched.all_commits
        and timed.changes_to_landing = timed.timed_changes

)

select * from final
