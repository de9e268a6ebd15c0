{#- Whether a word of the turnover signal is a verdict. -#}
{% macro turnover_decides(signal) -%}
    ({{ signal }} not in ('insufficient_data', 'inconclusive'))
{%- endmacro %}
