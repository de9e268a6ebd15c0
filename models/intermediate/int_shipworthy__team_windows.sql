{%- set window_hours = shipworthy.checked_variable('shipworthy__release_window_hours') -%}
{%- set attribution_hours = shipworthy.checked_variable('shipworthy__incident_attribution_hours') -%}

with

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

failures as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_failures') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

    where not is_organisation

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- All that a team releases in a window is one: a service that is cut in four has no more chances to be clean.
released as (

    select
        team,
        window_started_at,
        sum(changes_put_live) as changes_put_live,
        sum(lines_put_live) as lines_put_live,
        min(case when is_closed then 1 else 0 end) as are_all_closed

    from releases

    group by team, window_started_at

),

-- The worst decides what the window weighs; its harm is what all its incidents weigh, else its worst remediation.
failed as (

    select
        team,
        window_started_at,
        max(failure_weight) as failure_weight,
        case
            when max(case when failure = 'incident' then 1 else 0 end) = 1
                then sum(case when failure = 'incident' then failure_weight else 0.0 end)
            else max(failure_weight)
        end as harm_weight,
        max(evidence_at) as last_evidence_at

    from failures

    group by team, window_started_at

),

windows as (

    select
        team,
        window_started_at

    from released

    union distinct

    select
        team,
        window_started_at

    from failed

),

joined as (

    select
        windows.team,
        windows.window_started_at,
        {{ shipworthy.week_start_on('windows.window_started_at') }} as week_start_on,
        {{ shipworthy.add_hours('windows.window_started_at', window_hours + attribution_hours) }} as closed_at,
        coalesce(released.changes_put_live, 0) as changes_put_live,
        coalesce(released.lines_put_live, 0.0) as lines_put_live,
        released.are_all_closed,
        failed.team is not null as is_failed,
        coalesce(failed.failure_weight, 0.0) as failure_weight,
        coalesce(failed.harm_weight, 0.0) as harm_weight,
        failed.last_evidence_at

    from windows

    left join released
        on
            windows.team = released.team
            and windows.window_started_at = released.window_started_at

    left join failed
        on
            windows.team = failed.team
            and windows.window_started_at = failed.window_started_at

),

-- What is small beside the rest of its week is no chance to fail, and one more of it dilutes nothing.
judged as (

    select
        *,
        changes_put_live > 0
        and lines_put_live
        + 1e-9 >= {{ var('shipworthy__chance_share') }} * {{ window_hours }} / 24e0
        * sum(lines_put_live) over (partition by team, week_start_on) as is_chance

    from joined

),

final as (

    select
        judged.team,
        judged.window_started_at,
        judged.week_start_on,
        judged.closed_at,
        cast(judged.changes_put_live as {{ dbt.type_bigint() }}) as changes_put_live,
        judged.lines_put_live,
        judged.is_failed,
        judged.is_failed or judged.is_chance as is_counted,
        cast(judged.failure_weight as {{ shipworthy.type_double() }}) as failure_weight,
        cast(judged.harm_weight as {{ shipworthy.type_double() }}) as harm_weight,
        judged.last_evidence_at,
        coalesce(
            case
                when judged.are_all_closed is not null then judged.are_all_closed = 1
                else
                    judged.closed_at
                    <= least(as_of.as_of_at, as_of.incidents_known_through, teams_known.shipping_known_through)
            end,
            false
        ) as is_closed

    from judged

    cross join as_of

    left join teams_known
        on judged.team = teams_known.team

)

select * from final
