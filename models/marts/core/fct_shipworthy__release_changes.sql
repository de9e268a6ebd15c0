{{ config(alias='fct_release_changes') }}

with

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

lines_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_held') }}

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
        lines_held.{{ authorship }}_held_lines,
        {%- endfor %}
        lines_held.ai_held_lines
        + lines_held.human_held_lines
        + lines_held.automation_held_lines
        + lines_held.unknown_held_lines as held_lines

    from put_live

    inner join changes
        on
            put_live.repository = changes.repository
            and put_live.sha = changes.sha

    inner join releases
        on put_live.release_id = releases.release_id

    left join lines_held
        on
            put_live.service = lines_held.service
            and put_live.repository = lines_held.repository
            and put_live.sha = lines_held.sha
            and put_live.deployment_id = lines_held.deployment_id

)

select * from final
