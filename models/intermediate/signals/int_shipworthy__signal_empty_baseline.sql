with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

turned as (

    select
        team,
        week_start_on,
        held_lines,
        {{ shipworthy.baseline_place('is_shipping_final', 'team', 'week_start_on') }} as place

    from judged

    where is_shipping

),

baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        count(*) as weeks,
        sum(case when held_lines > 0 then 0 else 1 end) as empty_weeks

    from turned

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        judged.shipping_immature_reason as immature_reason,
        {{ shipworthy.safe_ratio('baselines.empty_weeks', 'baselines.weeks') }} as value,
        baselines.empty_weeks as numerator,
        baselines.weeks as denominator,
        {{ var('shipworthy__signal_empty_baseline') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when judged.no_deployments_reason is not null then judged.no_deployments_reason
            when baselines.team is null then 'no_baseline'
        end as null_reason

    from judged

    left join baselines
        on
            judged.team = baselines.team
            and judged.week_start_on > baselines.complete_on

),

final as (

    select
        {{ shipworthy.signal_columns('empty_baseline') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' weeks of the baseline shipped nothing' as evidence,
        null_reason

    from measured

)

select * from final
