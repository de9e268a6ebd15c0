{{ config(alias='product_outcomes') }}

{%- set t_coefficients = shipworthy.t_quantile_coefficients() %}
{%- set sides = {'before': 'is_before', 'after': 'not is_before'} %}
{%- set estimates = {
    'difference': ('variance', 'variance_of_variance'),
    'control_difference': ('control_variance', 'control_variance_of_variance'),
    'difference_in_differences': ('variance_in_all', 'variance_of_variance_in_all')
} %}

with

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_dated') }}

),

outcome_days as (

    select * from {{ ref('shipworthy', 'int_shipworthy__outcome_days') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

summed as (

    select
        release_id,
        metric,
        {%- for side, condition in sides.items() %}
        count(case when {{ condition }} then 1 end) as days_{{ side }},
        avg(case when {{ condition }} then value end) as mean_{{ side }},
        var_samp(case when {{ condition }} then value end) as variance_{{ side }},
        {%- endfor %}
        higher_is_better,
        control_service,
        is_control

    from outcome_days

    group by release_id, metric, higher_is_better, control_service, is_control

),

-- Variance of each mean, and its part in Welch's degrees of freedom.
spread as (

    select
        *,
        mean_after - mean_before as difference,
        variance_before / days_before + variance_after / days_after as variance,
        variance_before / days_before * (variance_before / days_before) / nullif(days_before - 1, 0)
        + variance_after / days_after * (variance_after / days_after) / nullif(days_after - 1, 0)
            as variance_of_variance

    from summed

    where
        days_before > 0
        or days_after > 0

),

paired as (

    select
        own.release_id,
        own.metric,
        own.higher_is_better,
        own.control_service,
        own.days_before,
        own.days_after,
        own.mean_before,
        own.mean_after,
        own.difference,
        own.variance,
        own.variance_of_variance,
        control.days_before as control_days_before,
        control.days_after as control_days_after,
        control.mean_before as control_mean_before,
        control.mean_after as control_mean_after,
        control.difference as control_difference,
        control.variance as control_variance,
        control.variance_of_variance as control_variance_of_variance,
        own.difference - control.difference as difference_in_differences,
        own.variance + control.variance as variance_in_all,
        own.variance_of_variance + control.variance_of_variance as variance_of_variance_in_all

    from spread as own

    left join spread as control
        on
            own.release_id = control.release_id
            and own.metric = control.metric
            and control.is_control

    where not own.is_control

),

-- Values that never vary, but for rounding, say nothing about chance.
freed as (

    select
        {%- for estimate, variances in estimates.items() %}
        case
            when
                paired.{{ variances[0] }}
                > 1e-24 * (paired.mean_before * paired.mean_before + paired.mean_after * paired.mean_after)
                then
                    paired.{{ variances[0] }} * paired.{{ variances[0] }}
                    / nullif(paired.{{ variances[1] }}, 0)
        end as {{ estimate }}_degrees,
        {%- endfor %}
        paired.*

    from paired

),

widened as (

    select
        {%- for estimate, variances in estimates.items() %}
        {{ shipworthy.t_quantile('freed.' ~ estimate ~ '_degrees', t_coefficients) }} * sqrt(freed.{{ variances[0] }})
            as {{ estimate }}_half_width,
        {%- endfor %}
        freed.*

    from freed

),

final as (

    select
        ---------- row
        releases.release_id,
        widened.metric,
        releases.service,
        releases.team,
        releases.released_on,
        {{ shipworthy.is_mature(
            shipworthy.add_days('cast(releases.last_deployed_on as timestamp)', 8),
            'as_of.as_of_at',
            'as_of.product_metrics_known_through'
        ) }} as is_mature,
        {{ shipworthy.immature_reason(
            shipworthy.add_days('cast(releases.last_deployed_on as timestamp)', 8),
            'as_of.as_of_at',
            'as_of.product_metrics_known_through'
        ) | indent(8) }} as immature_reason,

        ---------- the service
        widened.higher_is_better,
        cast(widened.days_before as {{ dbt.type_bigint() }}) as days_before,
        cast(widened.days_after as {{ dbt.type_bigint() }}) as days_after,
        cast(widened.mean_before as {{ shipworthy.type_double() }}) as mean_before,
        cast(widened.mean_after as {{ shipworthy.type_double() }}) as mean_after,
        cast(widened.difference as {{ shipworthy.type_double() }}) as difference,
        cast(widened.difference - widened.difference_half_width as {{ shipworthy.type_double() }}) as difference_low,
        cast(widened.difference + widened.difference_half_width as {{ shipworthy.type_double() }}) as difference_high,

        ---------- its control
        widened.control_service,
        cast(widened.control_days_before as {{ dbt.type_bigint() }}) as control_days_before,
        cast(widened.control_days_after as {{ dbt.type_bigint() }}) as control_days_after,
        cast(widened.control_mean_before as {{ shipworthy.type_double() }}) as control_mean_before,
        cast(widened.control_mean_after as {{ shipworthy.type_double() }}) as control_mean_after,
        cast(widened.control_difference as {{ shipworthy.type_double() }}) as control_difference,
        cast(widened.control_difference - widened.control_difference_half_width as {{ shipworthy.type_double() }})
            as control_difference_low,
        cast(widened.control_difference + widened.control_difference_half_width as {{ shipworthy.type_double() }})
            as control_difference_high,
        cast(widened.difference_in_differences as {{ shipworthy.type_double() }}) as difference_in_differences,
        cast(
            widened.difference_in_differences - widened.difference_in_differences_half_width
            as {{ shipworthy.type_double() }}
        ) as difference_in_differences_low,
        cast(
            widened.difference_in_differences + widened.difference_in_differences_half_width
            as {{ shipworthy.type_double() }}
        ) as difference_in_differences_high,

        ---------- how to read it
        'association' as basis,
        cast(releases.other_releases as {{ dbt.type_bigint() }}) as other_releases,
        case
            when widened.days_before = 0 then 'no_days_before'
            when widened.days_after = 0 then 'no_days_after'
            when widened.days_before < 2 or widened.days_after < 2 then 'too_few_days'
            when widened.difference_degrees is null then 'no_variation'
        end as null_reason

    from widened

    inner join releases
        on widened.release_id = releases.release_id

    cross join as_of

)

select * from final
