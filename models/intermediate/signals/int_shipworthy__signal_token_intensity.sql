with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

usage as (

    select * from {{ ref('shipworthy', 'int_shipworthy__usage_by_team_week') }}

),

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

    where not is_organisation

),

releases_summed as (

    select
        team,
        week_start_on,
        sum(ai_held_lines) as ai_held_lines

    from releases

    group by team, week_start_on

),

-- Where no AI line held, the tokens of one line.
intense as (

    select
        judged.*,
        usage.tokens,
        coalesce(releases_summed.ai_held_lines, 0.0) as ai_held_lines,
        case
            when usage.has_tokens and usage.tokens > 0 and judged.is_shipping
                then ln(usage.tokens / greatest(coalesce(releases_summed.ai_held_lines, 0.0), 1.0))
        end as intensity,
        {{ shipworthy.is_hidden('visibility') }} as is_hidden

    from judged

    left join usage
        on
            judged.team = usage.team
            and judged.week_start_on = usage.week_start_on

    left join releases_summed
        on
            judged.team = releases_summed.team
            and judged.week_start_on = releases_summed.week_start_on

    left join visibility
        on
            judged.team = visibility.team
            and judged.week_start_on = visibility.week_start_on

),

numbered as (

    select
        *,
        {{ shipworthy.baseline_place('is_shipping_final and intensity is not null') | indent(8) }} as place

    from intense

),

-- What people did in weeks that must not be shown is no baseline.
usual as (

    select
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.percentile('intensity', 0.5) }} as baseline

    from numbered

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having
        count(*) = {{ shipworthy.window('baseline_weeks') }}
        and max(case when is_hidden then 1 else 0 end) = 0

),

spreads as (

    select
        numbered.team,
        {{ shipworthy.percentile('abs(numbered.intensity - usual.baseline)', 0.5) }} as spread

    from numbered

    inner join usual
        on numbered.team = usual.team

    where numbered.place <= {{ shipworthy.window('baseline_weeks') }}

    group by numbered.team

),

measured as (

    select
        numbered.team,
        numbered.week_start_on,
        numbered.shipping_immature_reason as immature_reason,
        (numbered.intensity - usual.baseline) / nullif(1.4826 * spreads.spread, 0) as value,
        numbered.tokens as numerator,
        numbered.ai_held_lines as denominator,
        {{ var('shipworthy__signal_intensity_z') }} as threshold,
        usual.baseline,
        case
            when numbered.no_usage_reason is not null then numbered.no_usage_reason
            when not numbered.has_line_births then 'line_lifetimes_not_loaded'
            when numbered.intensity is null then 'no_tokens'
            when coalesce(spreads.spread, 0) = 0 then 'no_baseline'
        end as null_reason

    from numbered

    left join usual
        on
            numbered.team = usual.team
            and numbered.week_start_on > usual.complete_on

    left join spreads
        on usual.team = spreads.team

),

final as (

    select
        {{ shipworthy.signal_columns('token_intensity') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' tokens for ' || {{ shipworthy.short_number('denominator') }}
        || ' AI lines that held; the logarithm is ' || {{ shipworthy.short_number('value') }}
        || ' robust standard deviations above the baseline' as evidence,
        null_reason

    from measured

)

select * from final
