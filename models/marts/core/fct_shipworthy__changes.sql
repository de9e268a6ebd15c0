{{ config(alias='fct_changes', post_hook='{{ shipworthy.refuse_repeated_keys() }}') }}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_authored') }}

),

final as (

    select
        ---------- change
        changes.repository,
        changes.sha,
        changes.mainline_position,
        changes.authored_at,
        changes.landed_at,
        {{ shipworthy.week_start_on('changes.landed_at') }} as week_start_on,

        ---------- who
        changes.author_kind,
        changes.author_team,
        changes.recorded_authorship,
        changes.own_authorship,
        changes.authorship,
        changes.ai_tool,
        changes.attribution_method,

        ---------- what
        changes.lines_added,
        changes.lines_removed,
        changes.ai_lines_added,
        changes.pull_request_number,
        changes.reverts_sha,
        coalesce(changes.is_fix, false) as is_fix

    from changes

)

select * from final
