with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

tags as (

    select * from {{ ref('shipworthy', 'int_shipworthy__tags_compared') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.usage_known_through') | indent(8) }} as immature_reason,
        tags.tagged_share / nullif(tags.baseline_tagged_share, 0) as value,
        tags.tagged_lines as numerator,
        tags.lines_added as denominator,
        cast(1.0 - {{ var('shipworthy__signal_attribution_drop') }} as {{ shipworthy.type_double() }}) as threshold,
        tags.baseline_tagged_share as baseline,
        tags.tagged_share,
        tags.spend_per_builder,
        tags.baseline_spend_per_builder,
        case
            when judged.no_usage_reason is not null then judged.no_usage_reason
            when coalesce(tags.baseline_tagged_share, 0) = 0 or coalesce(tags.baseline_spend_per_builder, 0) = 0
                then 'no_baseline'
            when coalesce(tags.lines_added, 0) = 0 then 'no_lines'
        end as null_reason

    from judged

    left join tags
        on
            judged.team = tags.team
            and judged.week_start_on = tags.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('attribution_drop') | indent(8) }},
        {{ shipworthy.is_at_least('threshold', 'value') }}
        and {{ shipworthy.is_at_least('spend_per_builder', 'baseline_spend_per_builder') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' lines of four weeks carry an AI tag, a share of ' || {{ shipworthy.short_number('tagged_share') }}
        || ' against ' || {{ shipworthy.short_number('baseline') }} || ' before, while USD '
        || {{ shipworthy.short_number('spend_per_builder') }} || ' was spent by builder and week against '
        || {{ shipworthy.short_number('baseline_spend_per_builder') }} as evidence,
        null_reason

    from measured

)

select * from final
