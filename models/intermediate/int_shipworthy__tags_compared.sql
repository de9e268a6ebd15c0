{#- AI tags and AI spend of a team since its baseline, beside those of its baseline. -#}

with

shipping as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

groups_shown as (

    select * from {{ ref('shipworthy', 'int_shipworthy__groups_shown') }}

    where not is_organisation

),

usage as (

    select * from {{ ref('shipworthy', 'int_shipworthy__usage_by_team_week') }}

),

code as (

    select * from {{ ref('shipworthy', 'int_shipworthy__code_by_team_week') }}

),

team_weeks as (

    select
        shipping.team,
        shipping.week_start_on,
        shipping.is_mature,
        builders.builders,
        code.ai_tagged_lines,
        code.lines_added,
        usage.spend_usd,
        coalesce(groups_shown.is_suppressed, true) as is_suppressed

    from shipping

    left join builders
        on
            shipping.team = builders.team
            and shipping.week_start_on = builders.week_start_on

    left join groups_shown
        on
            shipping.team = groups_shown.team
            and shipping.week_start_on = groups_shown.week_start_on

    left join usage
        on
            shipping.team = usage.team
            and shipping.week_start_on = usage.week_start_on

    left join code
        on
            shipping.team = code.team
            and shipping.week_start_on = code.week_start_on

),

numbered as (

    select
        *,
        row_number() over (partition by team order by week_start_on) as mature_week

    from team_weeks

    where is_mature

),

-- What people did in weeks that must not be shown is no baseline either.
baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.safe_ratio('sum(ai_tagged_lines)', 'sum(lines_added)') }} as tagged_share,
        {{ shipworthy.safe_ratio('sum(spend_usd)', 'sum(builders)') }} as spend_per_builder

    from numbered

    where mature_week <= 13

    group by team

    having
        count(*) = 13
        and max(case when is_suppressed then 1 else 0 end) = 0

),

-- The lines of a week hang on a few changes: four weeks are taken together, none of them of the baseline.
recent as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        sum(earlier.ai_tagged_lines) as tagged_lines,
        sum(earlier.lines_added) as lines_added,
        {{ shipworthy.safe_ratio('coalesce(sum(earlier.spend_usd), 0.0)', 'sum(earlier.builders)') }}
            as spend_per_builder

    from team_weeks

    inner join baselines
        on
            team_weeks.team = baselines.team
            and team_weeks.week_start_on > baselines.complete_on

    inner join team_weeks as earlier
        on
            team_weeks.team = earlier.team
            and team_weeks.week_start_on >= earlier.week_start_on
            and baselines.complete_on < earlier.week_start_on
            and earlier.week_start_on
            > cast({{ shipworthy.add_days('cast(team_weeks.week_start_on as timestamp)', -28) }} as date)

    where not earlier.is_suppressed

    group by team_weeks.team, team_weeks.week_start_on

),

final as (

    select
        recent.team,
        recent.week_start_on,
        cast(recent.tagged_lines as {{ shipworthy.type_double() }}) as tagged_lines,
        cast(recent.lines_added as {{ shipworthy.type_double() }}) as lines_added,
        {{ shipworthy.safe_ratio('recent.tagged_lines', 'recent.lines_added') }} as tagged_share,
        recent.spend_per_builder,
        baselines.tagged_share as baseline_tagged_share,
        baselines.spend_per_builder as baseline_spend_per_builder

    from recent

    inner join baselines
        on recent.team = baselines.team

)

select * from final
