with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

usage as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_usage_of_members') }}

),

in_time as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_lines_shipped_in_time') }}

),

members as {{ shipworthy.inlined() }}(

    select
        usage.team,
        usage.week_start_on,
        usage.person_key,
        usage.spend_usd,
        coalesce(in_time.lines, 0) as ai_lines_shipped

    from usage

    left join in_time
        on
            usage.person_key = in_time.person_key
            and usage.week_start_on = in_time.week_start_on

),

summed as (

    select
        team,
        week_start_on,
        sum(spend_usd) as spend_usd,
        sum(case when ai_lines_shipped = 0 then spend_usd else 0.0 end) as unshipped_spend_usd

    from members

    group by team, week_start_on

),

-- One week of one person is little to judge by: spend is compared with what shipped over eight weeks.
looked_back_on as (

    select
        team,
        person_key,
        spend_usd,
        ai_lines_shipped,
        {{ shipworthy.weeks_looking_back('week_start_on', shipworthy.window('spent_weeks')) | indent(8) }}
            as week_start_on

    from members

),

of_eight_weeks as (

    select
        team,
        week_start_on,
        person_key,
        sum(spend_usd) as spend_usd,
        sum(ai_lines_shipped) as ai_lines_shipped

    from looked_back_on

    group by team, week_start_on, person_key

),

shares as (

    select
        team,
        week_start_on,
        spend_usd / nullif(sum(spend_usd) over (partition by team, week_start_on), 0) as spend_share,
        cast(ai_lines_shipped as {{ shipworthy.type_double() }})
        / nullif(sum(ai_lines_shipped) over (partition by team, week_start_on), 0) as shipped_share

    from of_eight_weeks

),

most_out_of_proportion as (

    select
        team,
        week_start_on,
        max(spend_share / nullif(shipped_share, 0)) as spend_to_shipped

    from shares

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(14, 'judged.usage_known_through') | indent(8) }} as immature_reason,
        summed.unshipped_spend_usd / nullif(summed.spend_usd, 0) as value,
        summed.unshipped_spend_usd as numerator,
        summed.spend_usd as denominator,
        {{ var('shipworthy__signal_unshipped_share') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        most_out_of_proportion.spend_to_shipped,
        case
            when judged.no_usage_reason is not null then judged.no_usage_reason
            when not judged.has_line_births then 'line_lifetimes_not_loaded'
            when coalesce(summed.spend_usd, 0) = 0 then 'no_spend'
        end as null_reason

    from judged

    left join summed
        on
            judged.team = summed.team
            and judged.week_start_on = summed.week_start_on

    left join most_out_of_proportion
        on
            summed.team = most_out_of_proportion.team
            and summed.week_start_on = most_out_of_proportion.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('unshipped_spend') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }}
        or coalesce(
            {{ shipworthy.is_above('spend_to_shipped', var('shipworthy__signal_spend_to_shipped')) }}, false
        ) as is_over,
        'USD ' || {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' spent by people without an AI line shipped in 14 days; over eight weeks, one share of the spend was '
        || 'at most '
        || coalesce({{ shipworthy.short_number('spend_to_shipped') }}, 'unknown')
        || ' times the share of the shipped AI lines' as evidence,
        null_reason

    from measured

)

select * from final
