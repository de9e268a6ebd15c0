with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

approvals_given as (

    select * from {{ ref('shipworthy', 'int_shipworthy__approvals_given') }}

),

reviews as (

    select count(*) as reviews from {{ ref('shipworthy', 'stg_shipworthy__reviews') }}

),

counted as (

    select
        team,
        week_start_on,
        count(*) as approvals,
        sum(case when is_uncommented then 1 else 0 end) as uncommented_approvals

    from approvals_given

    where is_uncommented is not null

    group by team, week_start_on

),

shared as (

    select
        *,
        {{ shipworthy.safe_ratio('uncommented_approvals', 'approvals') }} as uncommented_share

    from counted

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.requests_known_through') | indent(8) }} as immature_reason,
        {{ shipworthy.wilson_low(
            'shared.uncommented_share', 'cast(shared.approvals as ' ~ shipworthy.type_double() ~ ')'
        ) }} as value,
        cast(shared.uncommented_approvals as {{ shipworthy.type_double() }}) as numerator,
        cast(shared.approvals as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_uncommented_share') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when reviews.reviews = 0 then 'reviews_not_loaded'
            when coalesce(shared.approvals, 0) = 0 then 'no_approvals'
        end as null_reason

    from judged

    cross join reviews

    left join shared
        on
            judged.team = shared.team
            and judged.week_start_on = shared.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('uncommented_approvals') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' approvals came without a thread' as evidence,
        null_reason

    from measured

)

select * from final
