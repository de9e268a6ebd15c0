{{ config(alias='fct_releases') }}

with

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

team_weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_shipped') }}

),

-- A release has its team-week's normalized deployments in proportion to what it shipped that stayed.
shared as (

    select
        releases.*,
        case
            when team_weeks.released_stable_lines > 0
                then
                    team_weeks.normalized_deployments
                    * releases.held_lines * releases.stability / team_weeks.released_stable_lines
            when team_weeks.normalized_deployments is not null then 0.0
        end as normalized_deployments

    from releases

    inner join team_weeks
        on
            releases.team = team_weeks.team
            and releases.week_start_on = team_weeks.week_start_on

),

final as (

    select
        ---------- release
        release_id,
        service,
        repository,
        team,
        window_started_at,
        window_ended_at,
        week_start_on,

        ---------- what it shipped
        deployments,
        changes_put_live,
        changes_shipped,
        held_lines,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        {{ authorship }}_held_lines,
        {%- endfor %}
        retired_held_lines,
        basis,

        ---------- what went wrong
        failures,
        failure_weight,
        stability,
        is_failed,
        is_closed,

        ---------- what it is worth
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        case
            when held_lines > 0 then normalized_deployments * {{ authorship }}_held_lines / held_lines
            when normalized_deployments is not null then 0.0
        end as {{ authorship }}_normalized_deployments,
        {%- endfor %}
        normalized_deployments

    from shared

)

select * from final
