{{ config(alias='fct_release_changes', post_hook='{{ shipworthy.refuse_repeated_keys() }}') }}

with

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

changes_shipped as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_shipped') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_authored') }}

),

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

-- What holds is a matter of the deployment that ships the change, and of no other.
final as (

    select
        ---------- release
        put_live.release_id,
        releases.team,
        releases.window_started_at,
        releases.week_start_on,
        releases.is_failed,
        put_live.deployment_id,
        put_live.deployed_at,

        ---------- change
        put_live.service,
        put_live.repository,
        put_live.sha,
        changes.landed_at,
        changes.pull_request_number,
        changes.authorship,
        changes.lines_added,
        changes.lines_removed,
        coalesce(changes.is_fix, false) as is_fix,

        ---------- what it ships
        put_live.is_shipped,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        changes_shipped.{{ authorship }}_held_lines,
        {%- endfor %}
        changes_shipped.ai_held_lines
        + changes_shipped.human_held_lines
        + changes_shipped.automation_held_lines
        + changes_shipped.unknown_held_lines as held_lines

    from put_live

    inner join changes
        on
            put_live.repository = changes.repository
            and put_live.sha = changes.sha

    inner join releases
        on put_live.release_id = releases.release_id

    left join changes_shipped
        on
            put_live.service = changes_shipped.service
            and put_live.repository = changes_shipped.repository
            and put_live.sha = changes_shipped.sha
            and put_live.deployment_id = changes_shipped.deployment_id

)

select * from final
