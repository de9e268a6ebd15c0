{{ config(alias='headline') }}

with

normalized_deployments as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

failure_rates as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_weighted_failure_rate') }}

),

turnover_signals as (

    select * from {{ ref('shipworthy', 'shipworthy__turnover_signal') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__deployments') }}

),

data_sources as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__data_source') }}

),

-- A week enters a headline only when it is mature for every team. Rows of repositories without line births never
-- mature; they are left out and hold nobody up.
mature_shipping_weeks as (

    select
        week_start_on,
        sum(normalized_deployments) as normalized_deployments,
        sum(ai_normalized_deployments) as ai_normalized_deployments,
        row_number() over (order by week_start_on desc) as weeks_back

    from normalized_deployments

    where basis = 'held_lines'

    group by week_start_on

    having min(case when is_mature then 1 else 0 end) = 1

),

shipping as (

    select
        min(week_start_on) as first_week_start_on,
        max(week_start_on) as last_week_start_on,
        sum(normalized_deployments) / count(*) as normalized_deployments_per_week,
        sum(ai_normalized_deployments) / nullif(sum(normalized_deployments), 0) as ai_share

    from mature_shipping_weeks

    where weeks_back <= 12

),

deploying as (

    select
        count(*) as deployments,
        count(case when changes_shipped = 0 then 1 end) as deployments_shipping_nothing

    from deployments

    cross join shipping

    where deployments.week_start_on between shipping.first_week_start_on and shipping.last_week_start_on

),

mature_failure_weeks as (

    select
        week_start_on,
        sum(failure_weight) as failure_weight,
        sum(closed_releases) as closed_releases,
        row_number() over (order by week_start_on desc) as weeks_back

    from failure_rates

    group by week_start_on

    having min(case when is_mature then 1 else 0 end) = 1

),

failing as (

    select
        max(week_start_on) as last_week_start_on,
        sum(failure_weight) as failure_weight,
        sum(closed_releases) as closed_releases,
        {{ shipworthy.safe_ratio('sum(failure_weight)', 'sum(closed_releases)') }} as severity_weighted_failure_rate

    from mature_failure_weeks

    where weeks_back <= 12

),

last_signal as (

    select max(week_start_on) as week_start_on from turnover_signals

    where is_organisation

),

final as (

    select
        as_of.as_of_at,

        ---------- normalized deployments
        shipping.normalized_deployments_per_week,
        shipping.ai_share,
        shipping.first_week_start_on as shipping_first_week_start_on,
        shipping.last_week_start_on as shipping_last_week_start_on,
        case when shipping.last_week_start_on is not null then deploying.deployments end as deployments,
        case
            when shipping.last_week_start_on is not null then deploying.deployments_shipping_nothing
        end as deployments_shipping_nothing,
        case
            when not as_of.has_deployments and shipping.last_week_start_on is null then 'deployments_not_loaded'
            when shipping.last_week_start_on is null then 'no_mature_week'
            when shipping.normalized_deployments_per_week is null then 'no_builders'
        end as normalized_deployments_null_reason,

        ---------- severity-weighted failure rate
        failing.severity_weighted_failure_rate,
        cast(
            {{ shipworthy.wilson_low('failing.severity_weighted_failure_rate', 'failing.closed_releases') }}
            as {{ shipworthy.type_double() }}
        ) as severity_weighted_failure_rate_low,
        cast(
            {{ shipworthy.wilson_high('failing.severity_weighted_failure_rate', 'failing.closed_releases') }}
            as {{ shipworthy.type_double() }}
        ) as severity_weighted_failure_rate_high,
        failing.last_week_start_on as failures_last_week_start_on,
        case
            when not as_of.has_incidents then 'incidents_not_loaded'
            when failing.severity_weighted_failure_rate is null then 'no_closed_release'
        end as severity_weighted_failure_rate_null_reason,

        ---------- code turnover
        turnover_signals.turnover_ratio,
        turnover_signals.turnover_ratio_low,
        turnover_signals.turnover_ratio_high,
        turnover_signals.turnover_signal,
        turnover_signals.basis as turnover_basis,
        turnover_signals.attribution_coverage as turnover_attribution_coverage,
        cast({{ var('shipworthy__turnover_window_days') }} as {{ dbt.type_bigint() }}) as turnover_window_days,
        turnover_signals.week_start_on as turnover_last_week_start_on,
        case
            when not as_of.has_line_lifetimes then 'line_lifetimes_not_loaded'
            when turnover_signals.week_start_on is null then 'no_mature_week'
            else turnover_signals.null_reason
        end as turnover_ratio_null_reason,

        ---------- where the rows come from
        data_sources.data_source

    from as_of

    cross join data_sources

    cross join shipping

    cross join deploying

    cross join failing

    cross join last_signal

    left join turnover_signals
        on
            last_signal.week_start_on = turnover_signals.week_start_on
            and turnover_signals.is_organisation

)

select * from final
