with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

added as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_added_by_team_week') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

retired as (

    select
        removal_team as team,
        {{ shipworthy.week_start_on('removed_at') }} as week_start_on,
        sum(lines) as lines_retired

    from deaths

    where
        is_counted
        and not is_moved
        and age_days >= {{ shipworthy.window('retired_after_days') }}

    group by removal_team, {{ shipworthy.week_start_on('removed_at') }}

),

team_weeks as (

    select
        judged.team,
        judged.week_start_on,
        coalesce(added.lines_added, 0) as lines_added,
        coalesce(retired.lines_retired, 0) as lines_retired,
        {{ shipworthy.baseline_place('judged.is_shipping_final', 'judged.team', 'judged.week_start_on') | indent(8) }}
            as place

    from judged

    left join added
        on
            judged.team = added.team
            and judged.week_start_on = added.week_start_on

    left join retired
        on
            judged.team = retired.team
            and judged.week_start_on = retired.week_start_on

),

-- An old code base retires more than a young one: what is usual is the team's own.
baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.safe_ratio('sum(lines_retired)', 'sum(lines_added + lines_retired)') }} as retired_share

    from team_weeks

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

looked_back_on as (

    select
        team,
        {{ shipworthy.weeks_looking_back('week_start_on', shipworthy.window('tagged_weeks')) | indent(8) }}
            as week_start_on,
        lines_added,
        lines_retired

    from team_weeks

),

of_four_weeks as (

    select
        team,
        week_start_on,
        sum(lines_retired) as lines_retired,
        sum(lines_added + lines_retired) as lines_turned_over

    from looked_back_on

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.code_known_through') | indent(8) }} as immature_reason,
        {{ shipworthy.safe_ratio('of_four_weeks.lines_retired', 'of_four_weeks.lines_turned_over') }} as value,
        of_four_weeks.lines_retired as numerator,
        of_four_weeks.lines_turned_over as denominator,
        baselines.retired_share + {{ var('shipworthy__signal_recycled_lines') }} as threshold,
        baselines.retired_share as baseline,
        case
            when not judged.has_line_births then 'line_lifetimes_not_loaded'
            when baselines.retired_share is null then 'no_baseline'
            when coalesce(of_four_weeks.lines_turned_over, 0) = 0 then 'no_lines'
        end as null_reason

    from judged

    left join of_four_weeks
        on
            judged.team = of_four_weeks.team
            and judged.week_start_on = of_four_weeks.week_start_on

    left join baselines
        on
            judged.team = baselines.team
            and judged.week_start_on > baselines.complete_on

),

final as (

    select
        {{ shipworthy.signal_columns('recycled_lines') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }}
        and numerator >= {{ var('shipworthy__signal_late_lines') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' lines added or retired in four weeks are old code that went' as evidence,
        null_reason

    from measured

)

select * from final
