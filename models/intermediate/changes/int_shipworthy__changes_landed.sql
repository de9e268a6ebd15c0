with

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

final as (

    select
        commits.repository,
        commits.sha,
        commits.mainline_position,
        commits.landed_at,
        commits.authored_at,
        commits.pull_request_number,
        commits.reverts_sha,
        commits.fixes_incident_id,
        commits.merged_branch,
        commits.is_fix,
        commits.lines_added,
        commits.lines_removed,
        commits.ai_lines_added,
        commits.ai_tool,
        commits.attribution_method,
        authors.person_key,
        commits.author_kind,
        authors.author_team,
        commits.authorship as recorded_authorship,
        {{ shipworthy.read_authorship(
            'commits.authorship',
            'commits.landed_at',
            'authors.person_key',
            'authors.used_ai_before_landing',
            'as_of.has_ai_usage'
        ) | indent(8) }} as own_authorship

    from commits

    inner join authors
        on
            commits.repository = authors.repository
            and commits.sha = authors.change_sha
            and commits.sha = authors.author_sha

    cross join as_of

)

select * from final
