{#- What every signal's row begins with, as gaming_signals has it: its model says what is over and what shows it. -#}
{% macro signal_columns(name) -%}
    team,
    week_start_on,
    '{{ name }}' as signal,
    immature_reason is null as is_final,
    immature_reason,
    cast(value as {{ shipworthy.type_double() }}) as value,
    cast(numerator as {{ shipworthy.type_double() }}) as numerator,
    cast(denominator as {{ shipworthy.type_double() }}) as denominator,
    cast(threshold as {{ shipworthy.type_double() }}) as threshold,
    cast(baseline as {{ shipworthy.type_double() }}) as baseline
{%- endmacro %}

{#- Why a signal of a week is not final: so many days after its Monday everything that it looks at is over. -#}
{% macro signal_immature_reason(days, known_through) -%}
    {{ shipworthy.immature_reason(
        shipworthy.add_days('cast(judged.week_start_on as timestamp)', days), 'judged.as_of_at', known_through
    ) }}
{%- endmacro %}
