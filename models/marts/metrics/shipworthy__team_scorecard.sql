{{ config(alias='team_scorecard') }}

{#- Longer than other models, because half of it names columns: it sets the other marts side by side, and no model
    between them and this one may read a mart. What it adds is the comparison of a team with its own past. -#}

{#- Trends against the team's own baseline: the value; change where it is a difference, index where a ratio; what says
    that it is final; and its parts, whose sums are divided. A value that covers twelve weeks has no parts: that of the
    last week is the baseline. -#}
{%- set trends = [
    ('severity_weighted_failure_rate', 'change', 'is_failure_rate_mature', 'failure_weight', 'closed_windows'),
    ('turnover_ratio', 'index', 'is_turnover_mature', none, none),
    ('human_decision_density', 'index', 'are_decisions_mature', 'decisions', 'decided_changes'),
    ('deployments', 'index', 'is_delivery_mature', 'deployments', '1'),
    ('change_failure_rate', 'change', 'is_delivery_mature', 'failed_deployments', 'closed_deployments'),
    ('deployment_rework_rate', 'change', 'is_delivery_mature', 'rework_deployments', 'deployments'),
    (
        'ai_cost_per_normalized_deployment', 'index', 'is_ai_cost_mature',
        'allocated_spend_usd', 'ai_normalized_deployments'
    ),
    ('ai_adoption', 'change', 'is_ai_adoption_mature', 'ai_users', 'adoption_builders')
] %}
{%- set weeks_of_baseline = shipworthy.window('baseline_weeks') %}

with

normalized_deployments as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

failure_rates as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_weighted_failure_rate') }}

),

turnover as (

    select * from {{ ref('shipworthy', 'shipworthy__turnover_signal') }}

    where not is_organisation

),

decisions as (

    select * from {{ ref('shipworthy', 'shipworthy__human_decision_density') }}

    where
        not is_organisation
        and authorship = 'all'

),

-- Medians of services have no median of the team: the least and the most of them are shown.
delivery as (

    select
        team,
        week_start_on,
        min(case when is_mature then 1 else 0 end) = 1 as is_mature,
        sum(deployments) as deployments,
        sum(failed_deployments) as failed_deployments,
        sum(closed_deployments) as closed_deployments,
        sum(rework_deployments) as rework_deployments,
        min(change_lead_time_hours) as change_lead_time_hours_least,
        max(change_lead_time_hours) as change_lead_time_hours_most,
        min(failed_deployment_recovery_hours) as failed_deployment_recovery_hours_least,
        max(failed_deployment_recovery_hours) as failed_deployment_recovery_hours_most,
        min(change_lead_time_null_reason) as change_lead_time_null_reason,
        min(change_failure_rate_null_reason) as change_failure_rate_null_reason,
        min(recovery_null_reason) as recovery_null_reason

    from {{ ref('shipworthy', 'shipworthy__delivery_performance') }}

    group by team, week_start_on

),

costs as (

    select * from {{ ref('shipworthy', 'shipworthy__ai_cost') }}

    where not is_organisation

),

adoption as (

    select * from {{ ref('shipworthy', 'shipworthy__ai_adoption') }}

    where not is_organisation

),

signals as (

    select * from {{ ref('shipworthy', 'shipworthy__gaming_signals') }}

),

signals_summed as (

    select
        team,
        week_start_on,
        min(case when is_mature then 1 else 0 end) = 1 as are_mature,
        min(case when is_suppressed then null_reason end) as hidden_because,
        max(case when is_suppressed then 1 else 0 end) = 1 as is_suppressed,
        sum(case when is_mature and is_firing is not null then 1 else 0 end) as signals_judged

    from signals

    group by team, week_start_on

),

-- Few are: names are put in order of those alone.
signals_in_force as (

    select
        team,
        week_start_on,
        count(*) as signals_firing,
        {{ shipworthy.listed('signal') }} as signals_in_force

    from signals

    where
        is_mature
        and is_firing

    group by team, week_start_on

),

-- People of no team and incidents of nobody are no team.
team_weeks as (
    {% for part in [
        'normalized_deployments', 'failure_rates', 'turnover', 'decisions', 'delivery', 'costs', 'adoption'
    ] %}
    select
        team,
        week_start_on

    from {{ part }}

    where team <> 'unassigned'
    {{ 'union distinct' if not loop.last }}
    {% endfor %}
),

joined as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        normalized_deployments.normalized_deployments,
        normalized_deployments.normalized_deployments_per_builder,
        normalized_deployments.normalized_deployments_index,
        coalesce(normalized_deployments.is_mature, false) as are_normalized_deployments_mature,
        case
            when normalized_deployments.team is null then 'no_release'
            else normalized_deployments.null_reason
        end as normalized_deployments_null_reason,
        failure_rates.severity_weighted_failure_rate,
        failure_rates.severity_weighted_failure_rate_low,
        failure_rates.severity_weighted_failure_rate_high,
        failure_rates.failure_weight,
        failure_rates.closed_windows,
        coalesce(failure_rates.is_mature, false) as is_failure_rate_mature,
        case
            when failure_rates.team is null then 'no_closed_window'
            else failure_rates.null_reason
        end as severity_weighted_failure_rate_null_reason,
        turnover.turnover_signal,
        turnover.turnover_ratio,
        turnover.turnover_ratio_low,
        turnover.turnover_ratio_high,
        turnover.team is not null as is_turnover_mature,
        case when turnover.team is null then 'not_mature' else turnover.null_reason end as turnover_ratio_null_reason,
        decisions.human_decision_density,
        decisions.directed_share,
        decisions.directed_share_low,
        decisions.directed_share_high,
        decisions.decisions,
        decisions.changes_shipped as decided_changes,
        coalesce(decisions.is_mature, false) as are_decisions_mature,
        case
            when decisions.team is null then 'no_release'
            when decisions.human_decision_density is null then decisions.null_reason
        end as human_decision_density_null_reason,
        delivery.deployments,
        delivery.change_lead_time_hours_least,
        delivery.change_lead_time_hours_most,
        case
            when delivery.change_lead_time_hours_least is null
                then coalesce(delivery.change_lead_time_null_reason, 'no_deployment')
        end as change_lead_time_null_reason,
        {{ shipworthy.safe_ratio('delivery.failed_deployments', 'delivery.closed_deployments') }}
            as change_failure_rate,
        delivery.failed_deployments,
        delivery.closed_deployments,
        delivery.change_failure_rate_null_reason as services_failure_rate_null_reason,
        delivery.failed_deployment_recovery_hours_least,
        delivery.failed_deployment_recovery_hours_most,
        case
            when delivery.failed_deployment_recovery_hours_least is null
                then coalesce(delivery.recovery_null_reason, 'no_deployment')
        end as failed_deployment_recovery_null_reason,
        {{ shipworthy.safe_ratio('delivery.rework_deployments', 'delivery.deployments') }} as deployment_rework_rate,
        delivery.rework_deployments,
        coalesce(delivery.is_mature, false) as is_delivery_mature,
        costs.ai_cost_per_normalized_deployment,
        costs.unshipped_spend_usd,
        costs.allocated_spend_usd,
        costs.ai_normalized_deployments,
        coalesce(costs.is_mature, false) as is_ai_cost_mature,
        case
            when costs.team is null then 'before_ai_usage'
            when costs.ai_cost_per_normalized_deployment is null then costs.null_reason
        end as ai_cost_per_normalized_deployment_null_reason,
        adoption.ai_adoption,
        adoption.ai_users,
        adoption.builders as adoption_builders,
        coalesce(adoption.is_mature, false) as is_ai_adoption_mature,
        case when adoption.team is null then 'before_ai_usage' else adoption.null_reason end as ai_adoption_null_reason,
        signals_in_force.signals_firing,
        signals_summed.signals_judged,
        signals_in_force.signals_in_force,
        coalesce(signals_summed.are_mature, false) as are_signals_mature,
        coalesce(signals_summed.is_suppressed, decisions.is_suppressed, costs.is_suppressed, true) as is_suppressed,
        signals_summed.hidden_because

    from team_weeks
    {% for part in [
        'normalized_deployments', 'failure_rates', 'turnover', 'decisions', 'delivery', 'costs', 'adoption',
        'signals_summed', 'signals_in_force'
    ] %}
    left join {{ part }}
        on
            team_weeks.team = {{ part }}.team
            and team_weeks.week_start_on = {{ part }}.week_start_on
    {% endfor %}
),

numbered as (

    select
        {%- for value, _, is_final, _, _ in trends %}
        {{ shipworthy.baseline_place(is_final ~ ' and ' ~ value ~ ' is not null') | indent(8) }} as {{ value }}_place,
        {%- endfor %}
        *

    from joined

),

baselines as (

    select
        {%- for value, _, _, numerator, denominator in trends %}
        {%- set weeks = value ~ '_place ' ~ ('<= ' if numerator else '= ') ~ weeks_of_baseline %}
        min(case when {{ value }}_place = {{ weeks_of_baseline }} then week_start_on end) as {{ value }}_complete_on,
        {{ shipworthy.safe_ratio(
            'sum(case when ' ~ weeks ~ ' then ' ~ (numerator or value) ~ ' end)',
            'sum(case when ' ~ weeks ~ ' then ' ~ (denominator or '1') ~ ' end)'
        ) }} as {{ value }}_baseline,
        {%- endfor %}
        team

    from numbered

    group by team

),

compared as (

    select
        {%- for value, kind, _, _, _ in trends %}
        {%- set now, baseline = 'joined.' ~ value, 'baselines.' ~ value ~ '_baseline' %}
        case
            when joined.week_start_on >= baselines.{{ value }}_complete_on
                then {{ now ~ ' - ' ~ baseline if kind == 'change' else shipworthy.safe_ratio(now, baseline) }}
        end as {{ value }}_{{ kind }},
        {%- endfor %}
        joined.*

    from joined

    inner join baselines
        on joined.team = baselines.team

),

final as (

    select
        ---------- row
        team,
        week_start_on,

        ---------- normalized deployments
        normalized_deployments,
        normalized_deployments_per_builder,
        normalized_deployments_index,
        are_normalized_deployments_mature,
        normalized_deployments_null_reason,

        ---------- severity-weighted failure rate
        severity_weighted_failure_rate,
        severity_weighted_failure_rate_low,
        severity_weighted_failure_rate_high,
        severity_weighted_failure_rate_change,
        is_failure_rate_mature,
        severity_weighted_failure_rate_null_reason,

        ---------- turnover, AI against human, over twelve weeks
        turnover_signal,
        turnover_ratio,
        turnover_ratio_low,
        turnover_ratio_high,
        turnover_ratio_index,
        is_turnover_mature,
        turnover_ratio_null_reason,

        ---------- human decisions
        human_decision_density,
        human_decision_density_index,
        directed_share,
        directed_share_low,
        directed_share_high,
        are_decisions_mature,
        human_decision_density_null_reason,

        ---------- delivery performance
        cast(deployments as {{ dbt.type_bigint() }}) as deployments,
        deployments_index,
        change_lead_time_hours_least,
        change_lead_time_hours_most,
        change_lead_time_null_reason,
        change_failure_rate,
        cast(
            {{ shipworthy.wilson_low('change_failure_rate', 'closed_deployments') }}
            as {{ shipworthy.type_double() }}
        ) as change_failure_rate_low,
        cast(
            {{ shipworthy.wilson_high('change_failure_rate', 'closed_deployments') }}
            as {{ shipworthy.type_double() }}
        ) as change_failure_rate_high,
        change_failure_rate_change,
        case
            when change_failure_rate is null
                then coalesce(services_failure_rate_null_reason, 'no_closed_deployment')
        end as change_failure_rate_null_reason,
        failed_deployment_recovery_hours_least,
        failed_deployment_recovery_hours_most,
        failed_deployment_recovery_null_reason,
        deployment_rework_rate,
        cast({{ shipworthy.wilson_low('deployment_rework_rate', 'deployments') }} as {{ shipworthy.type_double() }})
            as deployment_rework_rate_low,
        cast({{ shipworthy.wilson_high('deployment_rework_rate', 'deployments') }} as {{ shipworthy.type_double() }})
            as deployment_rework_rate_high,
        deployment_rework_rate_change,
        case when deployment_rework_rate is null then 'no_deployment' end as deployment_rework_rate_null_reason,
        is_delivery_mature,

        ---------- AI cost
        ai_cost_per_normalized_deployment,
        ai_cost_per_normalized_deployment_index,
        unshipped_spend_usd,
        is_ai_cost_mature,
        ai_cost_per_normalized_deployment_null_reason,

        ---------- adoption
        ai_adoption,
        ai_adoption_change,
        is_ai_adoption_mature,
        ai_adoption_null_reason,

        ---------- gaming signals
        cast(coalesce(signals_firing, 0) as {{ dbt.type_bigint() }}) as signals_firing,
        coalesce(signals_in_force, '') as signals_in_force,
        cast(coalesce(signals_judged, 0) as {{ dbt.type_bigint() }}) as signals_judged,
        are_signals_mature,

        ---------- how sure
        is_suppressed,
        case when is_suppressed then coalesce(hidden_because, 'group_too_small') end as null_reason

    from compared

)

select * from final

order by team, week_start_on
