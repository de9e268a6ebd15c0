{#- AI tags and AI spend of a team since its baseline, beside those of its baseline. -#}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

    where is_shipping

),

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_counted') }}

),

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

    where not is_organisation

),

usage as (

    select * from {{ ref('shipworthy', 'int_shipworthy__usage_by_team_week') }}

),

added as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_added_by_team_week') }}

),

team_weeks as (

    select
        judged.team,
        judged.week_start_on,
        builders.builders,
        added.ai_tagged_lines,
        added.lines_added,
        usage.spend_usd,
        {{ shipworthy.is_hidden('visibility') }} as is_hidden,
        {{ shipworthy.baseline_place('judged.is_shipping_final', 'judged.team', 'judged.week_start_on') | indent(8) }}
            as place

    from judged

    left join builders
        on
            judged.team = builders.team
            and judged.week_start_on = builders.week_start_on

    left join visibility
        on
            judged.team = visibility.team
            and judged.week_start_on = visibility.week_start_on

    left join usage
        on
            judged.team = usage.team
            and judged.week_start_on = usage.week_start_on

    left join added
        on
            judged.team = added.team
            and judged.week_start_on = added.week_start_on

),

-- What people did in weeks that must not be shown is no baseline either.
baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.safe_ratio('sum(ai_tagged_lines)', 'sum(lines_added)') }} as tagged_share,
        {{ shipworthy.safe_ratio('sum(spend_usd)', 'sum(builders)') }} as spend_per_builder

    from team_weeks

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having
        count(*) = {{ shipworthy.window('baseline_weeks') }}
        and max(case when is_hidden then 1 else 0 end) = 0

),

-- The lines of a week hang on a few changes: four weeks are taken together, none of them of the baseline.
looked_back_on as (

    select
        team_weeks.team,
        {{ shipworthy.weeks_looking_back(
            'team_weeks.week_start_on', shipworthy.window('tagged_weeks')
        ) | indent(8) }} as week_start_on,
        team_weeks.ai_tagged_lines,
        team_weeks.lines_added,
        team_weeks.spend_usd,
        team_weeks.builders

    from team_weeks

    inner join baselines
        on
            team_weeks.team = baselines.team
            and team_weeks.week_start_on > baselines.complete_on

    where not team_weeks.is_hidden

),

recent as (

    select
        team,
        week_start_on,
        sum(ai_tagged_lines) as tagged_lines,
        sum(lines_added) as lines_added,
        {{ shipworthy.safe_ratio('coalesce(sum(spend_usd), 0.0)', 'sum(builders)') }} as spend_per_builder

    from looked_back_on

    group by team, week_start_on

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

    inner join team_weeks
        on
            recent.team = team_weeks.team
            and recent.week_start_on = team_weeks.week_start_on

)

select * from final
