{%- set attribution_hours = var('shipworthy__incident_attribution_hours') -%}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

lines_touched as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_touched') }}

),

shipped as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_shipped') }}

),

failures as (

    select * from {{ ref('shipworthy', 'int_shipworthy__failures') }}

),

services_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

releases as (

    select
        release_id,
        service,
        repository,
        min(team) as team,
        window_started_at,
        window_ended_at,
        count(*) as deployments

    from deployments

    group by release_id, service, repository, window_started_at, window_ended_at

),

put_live_by_release as (

    select
        put_live.release_id,
        count(*) as changes_put_live,
        sum(lines_touched.capped_lines) as lines_put_live

    from put_live

    left join lines_touched
        on
            put_live.service = lines_touched.service
            and put_live.repository = lines_touched.repository
            and put_live.sha = lines_touched.sha

    group by put_live.release_id

),

held_by_release as (

    select
        release_id,
        count(*) as changes_shipped,
        sum(ai_held_lines) as ai_held_lines,
        sum(human_held_lines) as human_held_lines,
        sum(automation_held_lines) as automation_held_lines,
        sum(unknown_held_lines) as unknown_held_lines,
        sum(retired_held_lines) as retired_held_lines,
        max(case when basis = 'shipped_lines' then 1 else 0 end) as has_shipped_lines

    from shipped

    group by release_id

),

-- The worst failure decides, not their sum.
failures_by_release as (

    select
        release_id,
        count(*) as failures,
        max(failure_weight) as failure_weight,
        max(evidence_at) as last_evidence_at

    from failures

    group by release_id

),

-- A failure is known where both its repository and every incident source were read that far.
scored as (

    select
        ---------- release
        releases.release_id,
        releases.service,
        releases.repository,
        releases.team,
        releases.window_started_at,
        releases.window_ended_at,
        {{ shipworthy.week_start_on('releases.window_started_at') }} as week_start_on,

        ---------- what it shipped
        cast(releases.deployments as {{ dbt.type_bigint() }}) as deployments,
        cast(coalesce(put_live_by_release.changes_put_live, 0) as {{ dbt.type_bigint() }}) as changes_put_live,
        coalesce(put_live_by_release.lines_put_live, 0.0) as lines_put_live,
        cast(coalesce(held_by_release.changes_shipped, 0) as {{ dbt.type_bigint() }}) as changes_shipped,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        coalesce(held_by_release.{{ authorship }}_held_lines, 0.0) as {{ authorship }}_held_lines,
        {%- endfor %}
        coalesce(
            held_by_release.ai_held_lines
            + held_by_release.human_held_lines
            + held_by_release.automation_held_lines
            + held_by_release.unknown_held_lines,
            0.0
        ) as held_lines,
        coalesce(held_by_release.retired_held_lines, 0.0) as retired_held_lines,
        case when held_by_release.has_shipped_lines = 1 then 'shipped_lines' else 'held_lines' end as basis,

        ---------- what went wrong
        cast(coalesce(failures_by_release.failures, 0) as {{ dbt.type_bigint() }}) as failures,
        cast(coalesce(failures_by_release.failure_weight, 0.0) as {{ shipworthy.type_double() }}) as failure_weight,
        cast(1.0 - coalesce(failures_by_release.failure_weight, 0.0) as {{ shipworthy.type_double() }}) as stability,
        failures_by_release.failures is not null as is_failed,
        failures_by_release.last_evidence_at,

        ---------- how final
        coalesce(
            {{ shipworthy.add_hours('releases.window_ended_at', attribution_hours) }}
            <= least(as_of.as_of_at, as_of.incidents_known_through, services_known.known_through),
            false
        ) as is_closed,
        {{ shipworthy.add_hours('releases.window_ended_at', attribution_hours) }} as closed_at,
        {{ shipworthy.add_days('releases.window_ended_at', var('shipworthy__turnover_window_days')) }}
            as turnover_window_ended_at,
        services_known.known_through

    from releases

    cross join as_of

    left join services_known
        on
            releases.service = services_known.service
            and releases.repository = services_known.repository

    left join put_live_by_release
        on releases.release_id = put_live_by_release.release_id

    left join held_by_release
        on releases.release_id = held_by_release.release_id

    left join failures_by_release
        on releases.release_id = failures_by_release.release_id

),

-- Lines that were only shipped may be gone by now: nobody knows.
final as (

    select
        scored.*,
        case
            when scored.basis <> 'held_lines' then 'line_lifetimes_not_loaded'
            when greatest(scored.closed_at, scored.turnover_window_ended_at) > as_of.as_of_at then 'window_open'
            when not scored.is_closed or scored.turnover_window_ended_at > scored.known_through then 'source_lags'
        end as immature_reason

    from scored

    cross join as_of

)

select * from final
