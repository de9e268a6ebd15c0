with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

added as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_added_by_team_week') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.code_known_through') | indent(8) }} as immature_reason,
        {{ shipworthy.safe_ratio('added.refilled_lines', 'added.lines_compared') }} as value,
        cast(added.refilled_lines as {{ shipworthy.type_double() }}) as numerator,
        cast(added.lines_compared as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_refill_share') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when coalesce(added.lines_added, 0) = 0 then 'no_lines'
            when added.lines_compared = 0 then 'refills_not_computed'
        end as null_reason

    from judged

    left join added
        on
            judged.team = added.team
            and judged.week_start_on = added.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('refill') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' added lines had been removed within twelve weeks' as evidence,
        null_reason

    from measured

)

select * from final
