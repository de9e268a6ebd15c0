with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

numbered as (

    select
        *,
        {{ shipworthy.baseline_place('is_shipping_final') | indent(8) }} as place

    from judged

),

usual as (

    select
        team,
        max(week_start_on) as complete_on,
        avg(cast(releases as {{ shipworthy.type_double() }})) as releases,
        avg(held_lines) as held_lines

    from numbered

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        judged.shipping_immature_reason as immature_reason,
        judged.releases / nullif(usual.releases, 0) as value,
        cast(judged.releases as {{ shipworthy.type_double() }}) as numerator,
        cast(null as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_release_inflation') }} as threshold,
        usual.releases as baseline,
        judged.held_lines,
        usual.held_lines as baseline_held_lines,
        case
            when judged.no_deployments_reason is not null then judged.no_deployments_reason
            when coalesce(usual.releases, 0) = 0 then 'no_baseline'
        end as null_reason

    from judged

    left join usual
        on
            judged.team = usual.team
            and judged.week_start_on > usual.complete_on

),

final as (

    select
        {{ shipworthy.signal_columns('release_inflation') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }}
        and not {{ shipworthy.is_above('held_lines', 'threshold * baseline_held_lines') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' releases against ' || {{ shipworthy.short_number('baseline') }}
        || ' a week before, held lines ' || {{ shipworthy.short_number('held_lines') }} || ' against '
        || {{ shipworthy.short_number('baseline_held_lines') }} as evidence,
        null_reason

    from measured

)

select * from final
