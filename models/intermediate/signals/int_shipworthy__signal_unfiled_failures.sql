with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

compared as (

    select * from {{ ref('shipworthy', 'int_shipworthy__failures_told_compared') }}

    where what = 'unfiled_failures'

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        judged.shipping_immature_reason as immature_reason,
        {{ shipworthy.wilson_low('compared.hidden_share', 'cast(compared.told as ' ~ shipworthy.type_double() ~ ')') }}
            as value,
        compared.hidden as numerator,
        compared.told as denominator,
        greatest(compared.baseline_hidden_share, compared.others_hidden_share) as threshold,
        compared.baseline_hidden_share as baseline,
        case
            when judged.no_deployments_reason is not null then judged.no_deployments_reason
            when judged.no_incidents_reason is not null then judged.no_incidents_reason
            when compared.team is null then 'no_baseline'
            when compared.told = 0 then 'no_failures'
        end as null_reason

    from judged

    left join compared
        on
            judged.team = compared.team
            and judged.week_start_on = compared.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('unfiled_failures') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }}
        and numerator >= {{ var('shipworthy__signal_unfiled_failures') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' failed releases of up to 13 weeks have a rollback, a revert or a hotfix and no incident' as evidence,
        null_reason

    from measured

)

select * from final
