{{ config(alias='gaming_signals') }}

{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}
{%- set low = 'shipworthy__signal_' -%}
{#- Each signal: value and its parts, threshold, baseline, the condition to fire beside value and threshold, days after
    the week's Monday at which it is final (0: with normalized deployments), whether it is compared with the team's
    baseline, why it may be null (condition, reason), and the evidence in words. -#}
{%- set signals = [
    {
        'name': 'unshipped_spend',
        'value': "unshipped_spend_usd / nullif(spend_usd, 0)",
        'numerator': 'unshipped_spend_usd', 'denominator': 'spend_usd',
        'threshold': var(low ~ 'unshipped_share'),
        'fires': "value - threshold > 1e-9 or coalesce(spend_to_shipped - " ~ var(low ~ 'spend_to_shipped') ~ " > 1e-9, false)",
        'days': 14,
        'nulls': [['not has_ai_usage', 'ai_usage_not_loaded'], ['not has_line_lifetimes', 'line_lifetimes_not_loaded'], ['coalesce(spend_usd, 0) = 0', 'no_spend']],
        'evidence': "'USD ' || {numerator} || ' of ' || {denominator} || ' spent by people without an AI line shipped in 14 days; over eight weeks, one share of the spend was at most ' || coalesce({spend_to_shipped}, 'unknown') || ' times the share of the shipped AI lines'"
    },
    {
        'name': 'token_intensity',
        'value': "(intensity - baseline_intensity) / nullif(1.4826 * baseline_spread, 0)",
        'numerator': 'tokens', 'denominator': 'ai_held_lines',
        'threshold': var(low ~ 'intensity_z'), 'baseline': 'baseline_intensity',
        'fires': 'value - threshold > 1e-9', 'days': 0, 'compares': true,
        'nulls': [['not has_ai_usage', 'ai_usage_not_loaded'], ['not has_line_lifetimes', 'line_lifetimes_not_loaded'], ['intensity is null', 'no_tokens'], ['coalesce(baseline_spread, 0) = 0', 'no_baseline']],
        'evidence': "{numerator} || ' tokens for ' || {denominator} || ' AI lines that held; the logarithm is ' || {value} || ' robust standard deviations above the baseline'"
    },
    {
        'name': 'around_the_clock',
        'value': 'long_days', 'threshold': var(low ~ 'long_days'), 'fires': 'value - threshold >= -1e-9', 'days': 7,
        'nulls': [['not has_ai_usage', 'ai_usage_not_loaded'], ['not coalesce(has_hours, false)', 'no_hourly_usage']],
        'evidence': "'somebody was active in " ~ var(low ~ 'active_hours') ~ " or more hours on ' || {value} || ' days of the week'"
    },
    {
        'name': 'metronome',
        'value': 'variation', 'threshold': var(low ~ 'metronome_variation'), 'fires': 'threshold - value > 1e-9', 'days': 7,
        'nulls': [['not has_ai_usage', 'ai_usage_not_loaded'], ['not coalesce(has_hours, false)', 'no_hourly_usage'], ['variation is null', 'no_long_stretch']],
        'evidence': "'the steadiest " ~ var(low ~ 'metronome_hours') ~ " active hours in a row vary by ' || {value} || ' of their mean'"
    },
    {
        'name': 'threshold_hugging',
        'value': shipworthy.safe_ratio('hugging_users', 'ai_users'),
        'numerator': 'hugging_users', 'denominator': 'ai_users',
        'threshold': var(low ~ 'hugging_share'), 'fires': 'value - threshold >= -1e-9', 'days': 7,
        'nulls': [['not has_ai_usage', 'ai_usage_not_loaded'], [('false' if shipworthy.checked_variable('shipworthy__adoption_target') > 0 else 'true'), 'no_target'], ['coalesce(ai_users, 0) = 0', 'no_ai_users']],
        'evidence': "{numerator} || ' of ' || {denominator} || ' users were active on one day, with less than almost all days of the organisation have'"
    },
    {
        'name': 'release_inflation',
        'value': 'releases / nullif(baseline_releases, 0)',
        'numerator': 'releases', 'baseline': 'baseline_releases',
        'threshold': var(low ~ 'release_inflation'),
        'fires': "value - threshold > 1e-9 and held_lines - threshold * baseline_held_lines <= 1e-9", 'days': 0, 'compares': true,
        'nulls': [['not has_deployments', 'deployments_not_loaded'], ['coalesce(baseline_releases, 0) = 0', 'no_baseline']],
        'evidence': "{numerator} || ' releases against ' || {baseline} || ' a week before, held lines ' || {held_lines} || ' against ' || {baseline_held_lines}"
    },
    {
        'name': 'empty_releases',
        'value': shipworthy.safe_ratio('empty_releases', 'releases'),
        'numerator': 'empty_releases', 'denominator': 'releases',
        'threshold': var(low ~ 'empty_share'), 'fires': 'value - threshold > 1e-9', 'days': 0,
        'nulls': [['not has_deployments', 'deployments_not_loaded'], ['coalesce(releases, 0) = 0', 'no_release']],
        'evidence': "{numerator} || ' of ' || {denominator} || ' releases shipped nothing that held'"
    },
    {
        'name': 'late_turnover',
        'value': "(removed_late / nullif(at_risk_late, 0)) / (greatest(removed_before, 1.0) / nullif(at_risk_before, 0))",
        'numerator': 'removed_late', 'denominator': 'removed_before',
        'threshold': var(low ~ 'late_turnover'),
        'fires': 'value - threshold >= -1e-9 and removed_late >= ' ~ var(low ~ 'late_lines'), 'days': 14 + window_days,
        'nulls': [['coalesce(at_risk_late, 0) = 0', 'no_lines']],
        'evidence': "{numerator} || ' lines of twelve weeks removed in the week after day " ~ window_days ~ ", ' || {denominator} || ' in the week before'"
    },
    {
        'name': 'refill',
        'value': shipworthy.safe_ratio('refilled_lines', 'lines_compared'),
        'numerator': 'refilled_lines', 'denominator': 'lines_compared',
        'threshold': var(low ~ 'refill_share'), 'fires': 'value - threshold > 1e-9', 'days': 7,
        'nulls': [['coalesce(lines_added, 0) = 0', 'no_lines'], ['lines_compared = 0', 'refills_not_computed']],
        'evidence': "{numerator} || ' of ' || {denominator} || ' added lines had been removed within twelve weeks'"
    },
    {
        'name': 'uncommented_approvals',
        'value': shipworthy.wilson_low('uncommented_share', 'cast(approvals as ' ~ shipworthy.type_double() ~ ')'),
        'numerator': 'uncommented_approvals', 'denominator': 'approvals',
        'threshold': var(low ~ 'uncommented_share'), 'fires': 'value - threshold > 1e-9', 'days': 7,
        'nulls': [['not has_reviews', 'reviews_not_loaded'], ['coalesce(approvals, 0) = 0', 'no_approvals']],
        'evidence': "{numerator} || ' of ' || {denominator} || ' approvals came without a thread'"
    },
    {
        'name': 'incident_drop',
        'value': 'incidents / nullif(expected_incidents, 0)',
        'numerator': 'incidents', 'denominator': 'expected_incidents',
        'threshold': '1.0 / ' ~ var(low ~ 'incident_drop'), 'baseline': 'baseline_incidents_per_release',
        'fires': 'threshold - value > 1e-9 and incident_chance < ' ~ var(low ~ 'incident_chance'), 'days': 0,
        'nulls': [['not has_deployments', 'deployments_not_loaded'], ['not has_incidents', 'incidents_not_loaded'], ['coalesce(baseline_incidents_per_release, 0) = 0', 'no_baseline'], ['coalesce(incident_releases, 0) = 0', 'no_release'], ['coalesce(expected_incidents, 0) = 0', 'no_incidents']],
        'evidence': "{numerator} || ' incidents in ' || {incident_releases} || ' releases of ' || {incident_weeks} || ' weeks, where ' || {denominator} || ' are usual for the team or the organisation, whichever is less' || coalesce('; so few by chance in ' || {incident_chance_percent} || ' % of such cases', '')"
    },
    {
        'name': 'attribution_drop',
        'value': 'tagged_share / nullif(baseline_tagged_share, 0)',
        'numerator': 'tagged_lines', 'denominator': 'lines_compared_for_tags',
        'threshold': '1.0 - ' ~ var(low ~ 'attribution_drop'), 'baseline': 'baseline_tagged_share',
        'fires': 'value - threshold <= 1e-9 and spend_per_builder - baseline_spend_per_builder >= -1e-9', 'days': 7,
        'nulls': [['not has_ai_usage', 'ai_usage_not_loaded'], ['coalesce(baseline_tagged_share, 0) = 0 or coalesce(baseline_spend_per_builder, 0) = 0', 'no_baseline'], ['coalesce(lines_compared_for_tags, 0) = 0', 'no_lines']],
        'evidence': "{numerator} || ' of ' || {denominator} || ' lines of four weeks carry an AI tag, a share of ' || {tagged_share} || ' against ' || {baseline} || ' before, while USD ' || {spend_per_builder} || ' was spent by builder and week against ' || {baseline_spend_per_builder}"
    }
] -%}

with

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

groups_shown as (

    select * from {{ ref('shipworthy', 'int_shipworthy__groups_shown') }}

    where not is_organisation

),

shipping as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

releases as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__releases') }}

),

usage as (

    select * from {{ ref('shipworthy', 'int_shipworthy__usage_by_team_week') }}

),

code as (

    select * from {{ ref('shipworthy', 'int_shipworthy__code_by_team_week') }}

),

tags_compared as (

    select * from {{ ref('shipworthy', 'int_shipworthy__tags_compared') }}

),

incidents_expected as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_expected') }}

),

reviews as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__reviews') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

releases_summed as (

    select
        team,
        week_start_on,
        sum(ai_held_lines) as ai_held_lines,
        sum(case when held_lines <= 0 then 1 else 0 end) as empty_releases

    from releases

    group by team, week_start_on

),

-- Removals of neighbouring weeks are few, so cohorts of twelve weeks are taken together.
late_removals as (

    select
        code.team,
        code.week_start_on,
        sum(cohorts.removed_before) as removed_before,
        sum(cohorts.at_risk_before) as at_risk_before,
        sum(cohorts.removed_late) as removed_late,
        sum(cohorts.at_risk_late) as at_risk_late

    from code

    inner join code as cohorts
        on
            code.team = cohorts.team
            and code.week_start_on >= cohorts.week_start_on
            and cohorts.week_start_on
            >= cast({{ shipworthy.add_days('cast(code.week_start_on as timestamp)', -77) }} as date)

    group by code.team, code.week_start_on

),

team_weeks as (

    select
        team,
        week_start_on

    from builders

    union

    select
        team,
        week_start_on

    from shipping

),

measured as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        coalesce(groups_shown.is_suppressed, true) as is_suppressed,
        case
            when coalesce(groups_shown.is_suppressed, true) then coalesce(groups_shown.null_reason, 'group_too_small')
        end as hidden_because,
        coalesce(shipping.is_mature, false) as is_shipping_mature,
        shipping.releases,
        shipping.held_lines,
        coalesce(releases_summed.ai_held_lines, 0.0) as ai_held_lines,
        coalesce(releases_summed.empty_releases, 0) as empty_releases,
        usage.ai_users,
        usage.tokens,
        usage.spend_usd,
        usage.unshipped_spend_usd,
        usage.spend_to_shipped,
        usage.long_days,
        usage.has_hours,
        usage.variation,
        usage.hugging_users,
        -- where no AI line held, the tokens of one line
        case
            when usage.has_tokens and usage.tokens > 0 and shipping.team is not null
                then ln(usage.tokens / greatest(coalesce(releases_summed.ai_held_lines, 0.0), 1.0))
        end as intensity,
        code.lines_added,
        code.refilled_lines,
        code.lines_compared,
        code.approvals,
        code.uncommented_approvals,
        {{ shipworthy.safe_ratio('code.uncommented_approvals', 'code.approvals') }} as uncommented_share,
        cast(late_removals.removed_before as {{ shipworthy.type_double() }}) as removed_before,
        cast(late_removals.at_risk_before as {{ shipworthy.type_double() }}) as at_risk_before,
        cast(late_removals.removed_late as {{ shipworthy.type_double() }}) as removed_late,
        cast(late_removals.at_risk_late as {{ shipworthy.type_double() }}) as at_risk_late,
        incidents_expected.baseline_incidents_per_release,
        cast(incidents_expected.incidents as {{ shipworthy.type_double() }}) as incidents,
        incidents_expected.releases as incident_releases,
        incidents_expected.weeks as incident_weeks,
        incidents_expected.expected_incidents,
        incidents_expected.incident_chance,
        100.0 * incidents_expected.incident_chance as incident_chance_percent,
        tags_compared.tagged_lines,
        tags_compared.lines_added as lines_compared_for_tags,
        tags_compared.tagged_share,
        tags_compared.spend_per_builder,
        tags_compared.baseline_tagged_share,
        tags_compared.baseline_spend_per_builder,
        as_of.as_of_at,
        as_of.has_ai_usage,
        as_of.has_people,
        as_of.has_deployments,
        as_of.has_incidents,
        as_of.has_line_lifetimes,
        exists(select 1 as found from reviews) as has_reviews

    from team_weeks

    cross join as_of

    left join groups_shown
        on
            team_weeks.team = groups_shown.team
            and team_weeks.week_start_on = groups_shown.week_start_on

    left join shipping
        on
            team_weeks.team = shipping.team
            and team_weeks.week_start_on = shipping.week_start_on

    left join releases_summed
        on
            team_weeks.team = releases_summed.team
            and team_weeks.week_start_on = releases_summed.week_start_on

    left join usage
        on
            team_weeks.team = usage.team
            and team_weeks.week_start_on = usage.week_start_on

    left join code
        on
            team_weeks.team = code.team
            and team_weeks.week_start_on = code.week_start_on

    left join late_removals
        on
            team_weeks.team = late_removals.team
            and team_weeks.week_start_on = late_removals.week_start_on

    left join incidents_expected
        on
            team_weeks.team = incidents_expected.team
            and team_weeks.week_start_on = incidents_expected.week_start_on

    left join tags_compared
        on
            team_weeks.team = tags_compared.team
            and team_weeks.week_start_on = tags_compared.week_start_on

),

-- The team's own first 13 mature weeks, frozen, so that gaming cannot become the new normal.
numbered as (

    select
        *,
        row_number() over (partition by team order by week_start_on) as mature_week

    from measured

    where is_shipping_mature

),

first_weeks as (

    select * from numbered

    where mature_week <= 13

),

usual as (

    select
        team,
        max(week_start_on) as complete_on,
        avg(cast(releases as {{ shipworthy.type_double() }})) as baseline_releases,
        avg(held_lines) as baseline_held_lines,
        -- what people did in weeks that must not be shown is no baseline either
        case
            when max(case when is_suppressed then 1 else 0 end) = 0
                then percentile_cont(0.5) within group (order by intensity)
        end as baseline_intensity

    from first_weeks

    group by team

    having count(*) = 13

),

spreads as (

    select
        first_weeks.team,
        percentile_cont(0.5) within group (order by abs(first_weeks.intensity - usual.baseline_intensity))
            as baseline_spread

    from first_weeks

    inner join usual
        on first_weeks.team = usual.team

    group by first_weeks.team

),

compared as (

    select
        measured.*,
        usual.team is not null as has_baseline,
        usual.baseline_releases,
        usual.baseline_held_lines,
        usual.baseline_intensity,
        spreads.baseline_spread

    from measured

    left join usual
        on
            measured.team = usual.team
            and measured.week_start_on > usual.complete_on

    left join spreads
        on usual.team = spreads.team
),
{% for signal in signals %}
{{ signal['name'] }} as (

    select
        *,
        '{{ signal["name"] }}' as signal,
        cast({{ signal['value'] }} as {{ shipworthy.type_double() }}) as value,
        cast({{ signal.get('numerator', 'null') }} as {{ shipworthy.type_double() }}) as numerator,
        cast({{ signal.get('denominator', 'null') }} as {{ shipworthy.type_double() }}) as denominator,
        cast({{ signal['threshold'] }} as {{ shipworthy.type_double() }}) as threshold,
        cast({{ signal.get('baseline', 'null') }} as {{ shipworthy.type_double() }}) as baseline,
        {% if signal['days'] -%}
        {{ shipworthy.add_days('cast(week_start_on as timestamp)', signal['days']) }} <= as_of_at as is_mature,
        {%- else -%}
        is_shipping_mature as is_mature,
        {%- endif %}
        case
            when is_suppressed then hidden_because
            {%- for condition, reason in signal['nulls'] %}
            {%- if reason == 'ai_usage_not_loaded' %}
            when {{ condition }} then '{{ reason }}'
            when not has_people then 'people_not_loaded'
            {%- else %}
            when {{ condition }} then '{{ reason }}'
            {%- endif %}
            {%- endfor %}
            {%- if signal.get('compares') %}
            when not has_baseline then 'no_baseline'
            {%- endif %}
        end as null_reason

    from compared

),
{% endfor %}
rows_of_signals as (
    {% for signal in signals %}
    select
        team,
        week_start_on,
        signal,
        is_mature,
        value,
        numerator,
        denominator,
        threshold,
        baseline,
        {{ signal['fires'] }} as is_over,
        {{ shipworthy.evidence_in_words(signal['evidence']) }} as evidence,
        is_suppressed,
        null_reason

    from {{ signal['name'] }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        team,
        week_start_on,
        signal,
        is_mature,
        case when null_reason is null then value end as value,
        threshold,
        case when null_reason is null then baseline end as baseline,
        case when null_reason is null then numerator end as numerator,
        case when null_reason is null then denominator end as denominator,
        case when null_reason is null then coalesce(is_over, false) end as is_firing,
        case when null_reason is null then evidence end as evidence,
        is_suppressed,
        null_reason

    from rows_of_signals

)

select * from final
