with

shipped as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_shipped') }}

),

parts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__held_line_parts') }}

),

-- What each author wrote of a change, before the change's cap.
written as (

    select
        service,
        repository,
        sha,
        author_sha,
        authorship,
        weighted_lines as author_lines,
        sum(weighted_lines) over (partition by service, repository, sha, authorship) as change_lines

    from parts

    where authorship in ('ai', 'human')

),

final as (

    select
        shipped.release_id,
        written.service,
        written.repository,
        written.sha,
        written.author_sha,
        written.authorship,
        case written.authorship when 'ai' then shipped.ai_held_lines else shipped.human_held_lines end
        * written.author_lines / written.change_lines as held_lines

    from written

    inner join shipped
        on
            written.service = shipped.service
            and written.repository = shipped.repository
            and written.sha = shipped.sha

    where
        -- what is left of weights that are no whole multiples of each other is no line
        written.author_lines > 1e-9
        and written.change_lines > 1e-9

)

select * from final
