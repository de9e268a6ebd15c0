{#- What turnover says about AI code. The interval decides, not the ratio: at a true ratio of 1.5 this keeps false
    alarms below 5 % a look. Without an interval both limits are null. -#}
{% macro turnover_signal(ratio, ratio_low, ratio_high, ai_effective_changes, human_effective_changes) -%}
    {{ return(adapter.dispatch('turnover_signal', 'shipworthy')(
        ratio, ratio_low, ratio_high, ai_effective_changes, human_effective_changes
    )) }}
{%- endmacro %}

{% macro default__turnover_signal(ratio, ratio_low, ratio_high, ai_effective_changes, human_effective_changes) -%}
    case
        when
            coalesce({{ ai_effective_changes }}, 0) < 30
            or coalesce({{ human_effective_changes }}, 0) < 30
            or {{ ratio_low }} is null
            then 'insufficient_data'
        when {{ ratio_low }} > 2.0 then 'severe'
        when {{ ratio_low }} > 1.5 then 'alarm'
        when {{ ratio }} > 1.5 and {{ ratio_low }} > 1.0 then 'watch'
        when {{ ratio_high }} <= 1.5 then 'healthy'
        else 'inconclusive'
    end
{%- endmacro %}
