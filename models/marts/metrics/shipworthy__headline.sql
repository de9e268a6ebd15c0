{{ config(alias='headline') }}

{#- Longer than other models, because a third of it names columns and its numbers are sums over other marts, which no
    model between them and this one may read. -#}

{%- set compared_weeks = shipworthy.window('compared_weeks') %}
{%- set measures = ['normalized_deployments', 'severity_weighted_failure_rate', 'turnover_ratio'] %}

with

team_weeks as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

failure_rates as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_weighted_failure_rate') }}

),

turnover as (

    select * from {{ ref('shipworthy', 'shipworthy__turnover_signal') }}

    where is_organisation

),

deployments as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__deployments') }}

),

teams_left_out as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_left_out') }}

    where is_left_out

),

harm as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_told') }}

),

held_back as (

    select * from {{ ref('shipworthy', 'int_shipworthy__held_back') }}

),

data_sources as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__data_source') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

teams_left_out_counted as (

    select count(*) as teams_left_out from teams_left_out

),

-- A week enters a headline only when it is mature for every team. Rows of repositories without line births never
-- mature; they are left out and hold nobody up.
mature_shipping_weeks as (

    select
        team_weeks.week_start_on,
        sum(team_weeks.normalized_deployments) as normalized_deployments,
        sum(team_weeks.ai_normalized_deployments) as ai_normalized_deployments,
        row_number() over (order by team_weeks.week_start_on desc) as weeks_back

    from team_weeks

    left join teams_left_out
        on team_weeks.team = teams_left_out.team

    where
        team_weeks.basis = 'held_lines'
        and teams_left_out.team is null

    group by team_weeks.week_start_on

    having min(case when team_weeks.is_mature then 1 else 0 end) = 1

),

shipping as (

    select
        min(week_start_on) as first_week_start_on,
        max(week_start_on) as last_week_start_on,
        sum(normalized_deployments) / count(*) as normalized_deployments_per_week,
        sum(ai_normalized_deployments) / nullif(sum(normalized_deployments), 0) as ai_share

    from mature_shipping_weeks

    where weeks_back <= {{ compared_weeks }}

),

-- Many deployments that ship nothing mean that shas or repositories do not fit, or that nothing new was deployed.
deployments_counted as (

    select
        count(*) as deployments,
        count(case when deployments.changes_shipped = 0 then 1 end) as deployments_shipping_nothing

    from deployments

    inner join shipping
        on
            deployments.week_start_on >= shipping.first_week_start_on
            and deployments.week_start_on <= shipping.last_week_start_on

),

mature_failure_weeks as (

    select
        failure_rates.week_start_on,
        sum(failure_rates.failure_weight) as failure_weight,
        sum(failure_rates.closed_windows) as closed_windows,
        sum(failure_rates.harm_weight) as harm_weight,
        sum(failure_rates.harm_weight_squares) as harm_weight_squares,
        sum(failure_rates.builders) as builders,
        row_number() over (order by failure_rates.week_start_on desc) as weeks_back

    from failure_rates

    left join teams_left_out
        on failure_rates.team = teams_left_out.team

    where teams_left_out.team is null

    group by failure_rates.week_start_on

    having min(case when failure_rates.is_mature then 1 else 0 end) = 1

),

failing_weeks as (

    select
        *,
        sum(harm_weight) over () / nullif(sum(builders) over (), 0) as harm_per_builder_week

    from mature_failure_weeks

    where weeks_back <= {{ compared_weeks }}

),

-- Weeks that differ more than the windows in them would by chance make the harm of all less sure.
failing as (

    select
        max(week_start_on) as last_week_start_on,
        sum(failure_weight) as failure_weight,
        sum(closed_windows) as closed_windows,
        sum(harm_weight) as harm_weight,
        greatest(
            sum(harm_weight_squares),
            sum(power(harm_weight - builders * harm_per_builder_week, 2)) * count(*) / nullif(count(*) - 1.0, 0)
        ) as harm_weight_squares,
        sum(builders) as builders,
        max(harm_per_builder_week) as harm_per_builder_week,
        {{ shipworthy.safe_ratio('sum(failure_weight)', 'sum(closed_windows)') }} as severity_weighted_failure_rate

    from failing_weeks

),

verdict as (

    select * from turnover

    where week_start_on = (select max(newest.week_start_on) from turnover as newest)

),

held_back_by_measure as (

    select
        {%- for measure in measures %}
        max(case when measure = '{{ measure }}' then held_back_by end) as {{ measure }}_held_back_by,
        max(case when measure = '{{ measure }}' then held_back_since end) as {{ measure }}_held_back_since,
        max(case when measure = '{{ measure }}' then hint end) as {{ measure }}_held_back_hint,
        {%- endfor %}
        count(*) as numbers_held_back

    from held_back

),

final as (

    select
        as_of.as_of_at,
        data_sources.data_source,

        ---------- normalized deployments
        shipping.normalized_deployments_per_week,
        shipping.ai_share,
        shipping.first_week_start_on as shipping_first_week_start_on,
        shipping.last_week_start_on as shipping_last_week_start_on,
        {%- for column in ('deployments', 'deployments_shipping_nothing') %}
        case when shipping.last_week_start_on is not null then deployments_counted.{{ column }} end as {{ column }},
        {%- endfor %}
        case
            when not as_of.has_deployments and shipping.last_week_start_on is null then 'deployments_not_loaded'
            when shipping.last_week_start_on is null then 'no_mature_week'
            when shipping.normalized_deployments_per_week is null then 'no_builders'
        end as normalized_deployments_null_reason,

        ---------- severity-weighted failure rate
        failing.severity_weighted_failure_rate,
        cast(
            {{ shipworthy.wilson_low('failing.severity_weighted_failure_rate', 'failing.closed_windows') }}
            as {{ shipworthy.type_double() }}
        ) as severity_weighted_failure_rate_low,
        cast(
            {{ shipworthy.wilson_high('failing.severity_weighted_failure_rate', 'failing.closed_windows') }}
            as {{ shipworthy.type_double() }}
        ) as severity_weighted_failure_rate_high,
        failing.harm_per_builder_week,
        {%- for end, limit in [
            ('low', shipworthy.weighted_count_low('failing.harm_weight', 'failing.harm_weight_squares')),
            ('high', shipworthy.weighted_count_high('failing.harm_weight', 'failing.harm_weight_squares'))
        ] %}
        cast({{ shipworthy.safe_ratio(limit, 'failing.builders') }} as {{ shipworthy.type_double() }})
            as harm_per_builder_week_{{ end }},
        {%- endfor %}
        failing.last_week_start_on as failures_last_week_start_on,
        case
            when not as_of.has_incidents then 'incidents_not_loaded'
            when failing.severity_weighted_failure_rate is null then 'no_closed_window'
        end as severity_weighted_failure_rate_null_reason,

        ---------- code turnover; too few changes give no number
        {%- for column in ('turnover_ratio', 'turnover_ratio_low', 'turnover_ratio_high') %}
        case when verdict.turnover_signal <> 'insufficient_data' then verdict.{{ column }} end as {{ column }},
        {%- endfor %}
        verdict.turnover_signal,
        cast(verdict.window_weeks as {{ dbt.type_bigint() }}) as turnover_signal_weeks,
        cast({{ var('shipworthy__turnover_window_days') }} as {{ dbt.type_bigint() }}) as turnover_window_days,
        verdict.week_start_on as turnover_last_week_start_on,
        verdict.basis as turnover_basis,
        verdict.attribution_coverage as turnover_attribution_coverage,
        case
            when not as_of.has_line_births then 'line_lifetimes_not_loaded'
            when verdict.week_start_on is null then 'no_mature_week'
            when verdict.null_reason is not null then verdict.null_reason
            when verdict.turnover_signal = 'insufficient_data' then 'insufficient_data'
        end as turnover_ratio_null_reason,

        ---------- harm by authorship; too few cases give no number
        harm.harm_last_week_start_on,
        {%- for measure in ('fixed_lines', 'failed_releases') %}
        {%- for part in ('ratio', 'ratio_low', 'ratio_high') %}
        case when harm.{{ measure }}_signal <> 'insufficient_data' then harm.{{ measure }}_{{ part }} end
            as {{ measure }}_{{ part }},
        {%- endfor %}
        harm.{{ measure }}_signal,
        harm.{{ measure }}_weeks,
        case
            when harm.harm_last_week_start_on is null then 'no_mature_week'
            when harm.{{ measure }}_null_reason is not null then harm.{{ measure }}_null_reason
            when harm.{{ measure }}_signal = 'insufficient_data' then 'insufficient_data'
        end as {{ measure }}_null_reason,
        {%- endfor %}

        ---------- what holds it back
        {%- for measure in measures %}
        held_back_by_measure.{{ measure }}_held_back_by,
        held_back_by_measure.{{ measure }}_held_back_since,
        held_back_by_measure.{{ measure }}_held_back_hint,
        {%- endfor %}
        cast(teams_left_out_counted.teams_left_out as {{ dbt.type_bigint() }}) as teams_left_out

    from as_of

    cross join data_sources

    cross join shipping

    cross join failing

    cross join deployments_counted

    cross join teams_left_out_counted

    cross join held_back_by_measure

    cross join harm

    left join verdict
        on 1 = 1

)

select * from final
