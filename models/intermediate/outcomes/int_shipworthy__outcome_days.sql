with

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_dated') }}

),

product_metrics as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__product_metrics') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

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

metrics_described as (

    select
        service,
        metric,
        min(control_service) as control_service,
        max(case when higher_is_better then 1 when not higher_is_better then 0 end) = 1 as higher_is_better

    from measured

    group by service, metric

),

-- The metric of the release's own service, and the same metric of its control.
watched as (
    {% for side in ('own', 'control') %}
    select
        releases.release_id,
        releases.released_on,
        releases.last_deployed_on,
        metrics_described.metric,
        metrics_described.higher_is_better,
        metrics_described.control_service,
        metrics_described.{{ 'service' if side == 'own' else 'control_service' }} as watched_service,
        {{ 'true' if side == 'control' else 'false' }} as is_control

    from releases

    inner join metrics_described
        on releases.service = metrics_described.service
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- The days on which the release was deployed are neither before nor after it.
final as (

    select
        watched.release_id,
        watched.metric,
        watched.is_control,
        measured.measured_on,
        measured.measured_on < watched.released_on as is_before,
        measured.value,
        watched.higher_is_better,
        watched.control_service

    from watched

    inner join measured
        on
            watched.watched_service = measured.service
            and watched.metric = measured.metric
            and measured.measured_on >= {{ shipworthy.add_days('cast(watched.released_on as timestamp)', -7) }}
            and measured.measured_on <= {{ shipworthy.add_days('cast(watched.last_deployed_on as timestamp)', 7) }}
            and (
                measured.measured_on < watched.released_on
                or measured.measured_on > watched.last_deployed_on
            )

)

select * from final
