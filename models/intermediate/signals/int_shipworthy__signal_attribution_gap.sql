with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

spend as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_spend_by_person') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

added as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_added_by_team_week') }}

),

accepted as (

    select
        members.team,
        members.week_start_on,
        sum(spend.accepted_lines) as accepted_lines

    from spend

    inner join members
        on
            spend.person_key = members.person_key
            and spend.week_start_on = members.week_start_on

    group by members.team, members.week_start_on

),

team_weeks as (

    select
        judged.team,
        judged.week_start_on,
        coalesce(accepted.accepted_lines, 0) as accepted_lines,
        coalesce(added.ai_tagged_lines_capped, 0) as tagged_lines,
        {{ shipworthy.baseline_place(
            'judged.is_shipping_final and coalesce(accepted.accepted_lines, 0) > 0',
            'judged.team',
            'judged.week_start_on'
        ) | indent(8) }} as place

    from judged

    left join accepted
        on
            judged.team = accepted.team
            and judged.week_start_on = accepted.week_start_on

    left join added
        on
            judged.team = added.team
            and judged.week_start_on = added.week_start_on

    where judged.is_shipping

),

baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.safe_ratio('sum(tagged_lines)', 'sum(accepted_lines)') }} as tagged_per_accepted

    from team_weeks

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

looked_back_on as (

    select
        team_weeks.team,
        {{ shipworthy.weeks_looking_back('team_weeks.week_start_on', shipworthy.window('spent_weeks')) | indent(8) }}
            as week_start_on,
        team_weeks.accepted_lines,
        team_weeks.tagged_lines,
        baselines.tagged_per_accepted as baseline_tagged_per_accepted

    from team_weeks

    inner join baselines
        on
            team_weeks.team = baselines.team
            and team_weeks.week_start_on > baselines.complete_on

),

recent as (

    select
        team,
        week_start_on,
        sum(accepted_lines) as accepted_lines,
        sum(tagged_lines) as tagged_lines,
        {{ shipworthy.safe_ratio('sum(tagged_lines)', 'sum(accepted_lines)') }} as tagged_per_accepted,
        max(baseline_tagged_per_accepted) as baseline_tagged_per_accepted

    from looked_back_on

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.usage_known_through') | indent(8) }} as immature_reason,
        recent.tagged_per_accepted / nullif(recent.baseline_tagged_per_accepted, 0) as value,
        recent.tagged_lines as numerator,
        recent.accepted_lines as denominator,
        {{ var('shipworthy__signal_attribution_gap') }} as threshold,
        recent.baseline_tagged_per_accepted as baseline,
        case
            when judged.no_usage_reason is not null then judged.no_usage_reason
            when not judged.has_line_births then 'line_lifetimes_not_loaded'
            when coalesce(recent.baseline_tagged_per_accepted, 0) = 0 then 'no_baseline'
            when recent.accepted_lines = 0 then 'no_accepted_lines'
        end as null_reason

    from judged

    left join recent
        on
            judged.team = recent.team
            and judged.week_start_on = recent.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('attribution_gap') | indent(8) }},
        denominator >= 100
        and (
            {{ shipworthy.is_at_least('value', 'threshold') }}
            or {{ shipworthy.is_at_least('1e0 / threshold', 'value') }}
        ) as is_over,
        {{ shipworthy.short_number('numerator') }}
        || ' AI-tagged lines landed in eight weeks, where tools say that '
        || {{ shipworthy.short_number('denominator') }} || ' were accepted: '
        || {{ shipworthy.short_number('value') }} || ' times what is usual' as evidence,
        null_reason

    from measured

)

select * from final
