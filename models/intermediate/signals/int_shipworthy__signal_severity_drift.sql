with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

compared as (

    select * from {{ ref('shipworthy', 'int_shipworthy__severities_compared') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        judged.shipping_immature_reason as immature_reason,
        compared.standard_errors as value,
        compared.mean_weight as numerator,
        compared.incidents as denominator,
        {{ var('shipworthy__signal_severity_drift') }} as threshold,
        compared.baseline_mean_weight as baseline,
        compared.mean_weight_of_others,
        compared.mean_hours,
        compared.baseline_mean_hours,
        case
            when judged.no_incidents_reason is not null then judged.no_incidents_reason
            when compared.team is null then 'no_baseline'
            when least(compared.incidents, compared.baseline_incidents) < 5 then 'too_few_incidents'
            when compared.standard_errors is null then 'no_variation'
        end as null_reason

    from judged

    left join compared
        on
            judged.team = compared.team
            and judged.week_start_on = compared.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('severity_drift') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} and 2 * numerator <= baseline
        and coalesce(numerator < mean_weight_of_others, true)
        and coalesce(2 * mean_hours >= baseline_mean_hours, true) as is_over,
        'the mean severity weight of ' || {{ shipworthy.short_number('denominator') }} || ' incidents is '
        || {{ shipworthy.short_number('numerator') }} || ', it was '
        || {{ shipworthy.short_number('baseline') }} || '; they take as long to resolve' as evidence,
        null_reason

    from measured

)

select * from final
