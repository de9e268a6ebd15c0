{{ config(alias='gaming_signals', post_hook='{{ shipworthy.refuse_repeated_keys() }}') }}

{#- A new signal is its model in models/intermediate/signals/, and its name here: among those about people, which are
    hidden for small groups, or about artefacts, which never are. -#}
{%- set about_people = [
    'unshipped_spend', 'token_intensity', 'around_the_clock', 'metronome', 'threshold_hugging', 'uncommented_approvals',
    'attribution_drop', 'attribution_gap', 'idle_builders', 'superhuman_reviews'
] -%}
{%- set about_artefacts = [
    'release_inflation', 'empty_releases', 'late_turnover', 'late_removals', 'refill', 'recycled_lines',
    'moved_then_removed', 'human_churn', 'ai_suddenly_stable', 'incident_drop', 'unfiled_failures',
    'dismissed_incidents', 'odd_causes', 'severity_drift', 'clocks', 'short_ownership', 'empty_baseline'
] -%}

with

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

    where not is_organisation

),

judged as (
    {% for signal in about_people + about_artefacts %}
    select
        *,
        {{ signal in about_people }} as is_about_people
    from {{ ref('shipworthy', 'int_shipworthy__signal_' ~ signal) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

suppressed as (

    select
        judged.*,
        judged.is_about_people and {{ shipworthy.is_hidden('visibility') }} as is_suppressed,
        coalesce(
            case when judged.is_about_people then {{ shipworthy.hidden_because('visibility') }} end,
            judged.null_reason
        ) as reason

    from judged

    left join visibility
        on
            judged.team = visibility.team
            and judged.week_start_on = visibility.week_start_on

),

final as (

    select
        team,
        week_start_on,
        signal,
        is_final as is_mature,
        immature_reason,
        case when reason is null then value end as value,
        threshold,
        case when reason is null then baseline end as baseline,
        case when reason is null then numerator end as numerator,
        case when reason is null then denominator end as denominator,
        case when reason is null then coalesce(is_over, false) end as is_firing,
        case when reason is null then evidence end as evidence,
        is_about_people,
        is_suppressed,
        reason as null_reason

    from suppressed

)

select * from final
