{#- The columns of one measure of harm by authorship: ratio, limits, what they say, and why there is no ratio or no
    interval. -#}
{% macro harm_signal(measure) -%}
    compared.{{ measure }}_ratio,
    compared.{{ measure }}_ratio_low,
    compared.{{ measure }}_ratio_high,
    case
        when
            compared.lines_null_reason is not null
            or compared.{{ measure }}_cases < 10
            or compared.{{ measure }}_sample is null
            then 'insufficient_data'
        when compared.{{ measure }}_ratio_low > 1 then 'more'
        when compared.{{ measure }}_ratio_high < 1 then 'less'
        else 'inconclusive'
    end as {{ measure }}_signal,
    case
        when compared.lines_null_reason is not null then compared.lines_null_reason
        when compared.{{ measure }}_cases = 0 then 'no_{{ measure }}'
        when compared.{{ measure }}_ai_share = 1 then 'no_human_{{ measure }}'
        when compared.{{ measure }}_sample is null then 'one_author'
    end as {{ measure }}_null_reason
{%- endmacro %}
