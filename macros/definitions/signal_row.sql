{#- The columns of a signal's row, as gaming_signals has them, of rows that have its numbers. -#}
{% macro signal_row(name, is_over, evidence) -%}
    team,
    week_start_on,
    '{{ name }}' as signal,
    immature_reason is null as is_final,
    immature_reason,
    cast(value as {{ shipworthy.type_double() }}) as value,
    cast(numerator as {{ shipworthy.type_double() }}) as numerator,
    cast(denominator as {{ shipworthy.type_double() }}) as denominator,
    cast(threshold as {{ shipworthy.type_double() }}) as threshold,
    cast(baseline as {{ shipworthy.type_double() }}) as baseline,
    {{ is_over }} as is_over,
    {{ evidence }} as evidence,
    null_reason
{%- endmacro %}

{#- Why a signal of a week is not final: so many days after its Monday everything that it looks at is over. -#}
{% macro signal_immature_reason(days, known_through) -%}
    {{ shipworthy.immature_reason(
        shipworthy.add_days('cast(judged.week_start_on as timestamp)', days), 'judged.as_of_at', known_through
    ) }}
{%- endmacro %}
