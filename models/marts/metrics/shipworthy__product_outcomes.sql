{{ config(alias='product_outcomes') }}

{%- set t_coefficients = shipworthy.t_quantile_coefficients() %}
{%- set sides = {'before': 'is_before', 'after': 'not is_before'} %}
{%- set estimates = {
    'difference': ('variance', 'variance_of_variance'),
    'control_difference': ('control_variance', 'control_variance_of_variance'),
    'difference_in_differences': ('variance_in_all', 'variance_of_variance_in_all')
} %}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

product_metrics as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__product_metrics') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

releases as (

    select
        release_id,
        service,
        repository,
        min(team) as team,
        cast(min(deployed_at) as date) as released_on,
        cast(max(deployed_at) as date) as last_deployed_on

    from deployments

    group by release_id, service, repository

),

-- The value of a day is known when the day is over.
measured as (

    select product_metrics.*

    from product_metrics

    cross join as_of

    where
        product_metrics.value is not null
        and {{ shipworthy.add_days('cast(product_metrics.measured_on as timestamp)', 1) }} <= as_of.as_of_at

),

controls as (

    select
        service,
        metric,
        min(control_service) as control_service

    from measured

    group by service, metric

),

-- The days on which the release was deployed are neither before nor after it.
days_around as (

    select
        releases.release_id,
        measured.metric,
        false as is_control,
        measured.measured_on < releases.released_on as is_before,
        measured.value

    from releases

    inner join measured
        on
            releases.service = measured.service
            and measured.measured_on >= {{ shipworthy.add_days('cast(releases.released_on as timestamp)', -7) }}
            and measured.measured_on <= {{ shipworthy.add_days('cast(releases.last_deployed_on as timestamp)', 7) }}
            and (
                measured.measured_on < releases.released_on
                or measured.measured_on > releases.last_deployed_on
            )

    union all

    select
        releases.release_id,
        measured.metric,
        true as is_control,
        measured.measured_on < releases.released_on as is_before,
        measured.value

    from releases

    inner join controls
        on releases.service = controls.service

    inner join measured
        on
            controls.control_service = measured.service
            and controls.metric = measured.metric
            and measured.measured_on >= {{ shipworthy.add_days('cast(releases.released_on as timestamp)', -7) }}
            and measured.measured_on <= {{ shipworthy.add_days('cast(releases.last_deployed_on as timestamp)', 7) }}
            and (
                measured.measured_on < releases.released_on
                or measured.measured_on > releases.last_deployed_on
            )

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
        is_control

    from days_around

    group by release_id, metric, is_control

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

metrics_described as (

    select
        service,
        metric,
        max(case when higher_is_better then 1 when not higher_is_better then 0 end) = 1 as higher_is_better

    from measured

    group by service, metric

),

-- What else changed in the two weeks.
releases_nearby as (

    select
        releases.release_id,
        count(*) as other_releases

    from releases

    inner join releases as others
        on
            releases.service = others.service
            and releases.release_id <> others.release_id
            and others.last_deployed_on
            >= {{ shipworthy.add_days('cast(releases.released_on as timestamp)', -7) }}
            and others.released_on
            <= {{ shipworthy.add_days('cast(releases.last_deployed_on as timestamp)', 7) }}

    group by releases.release_id

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
        metrics_described.higher_is_better,
        cast(widened.days_before as {{ dbt.type_bigint() }}) as days_before,
        cast(widened.days_after as {{ dbt.type_bigint() }}) as days_after,
        cast(widened.mean_before as {{ shipworthy.type_double() }}) as mean_before,
        cast(widened.mean_after as {{ shipworthy.type_double() }}) as mean_after,
        cast(widened.difference as {{ shipworthy.type_double() }}) as difference,
        cast(widened.difference - widened.difference_half_width as {{ shipworthy.type_double() }}) as difference_low,
        cast(widened.difference + widened.difference_half_width as {{ shipworthy.type_double() }}) as difference_high,

        ---------- its control
        controls.control_service,
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
        cast(coalesce(releases_nearby.other_releases, 0) as {{ dbt.type_bigint() }}) as other_releases,
        case
            when widened.days_before = 0 then 'no_days_before'
            when widened.days_after = 0 then 'no_days_after'
            when widened.days_before < 2 or widened.days_after < 2 then 'too_few_days'
            when widened.difference_degrees is null then 'no_variation'
        end as null_reason

    from widened

    inner join releases
        on widened.release_id = releases.release_id

    inner join metrics_described
        on
            releases.service = metrics_described.service
            and widened.metric = metrics_described.metric

    inner join controls
        on
            releases.service = controls.service
            and widened.metric = controls.metric

    left join releases_nearby
        on releases.release_id = releases_nearby.release_id

    cross join as_of

)

select * from final
