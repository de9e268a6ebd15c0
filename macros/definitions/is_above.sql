{#- Comparisons with a threshold: doubles that differ by less than 1e-9 are equal, on whichever side they were rounded. -#}
{% macro is_above(value, threshold) -%}
    ({{ value }} - {{ threshold }} > 1e-9)
{%- endmacro %}

{% macro is_at_least(value, threshold) -%}
    ({{ value }} - {{ threshold }} >= -1e-9)
{%- endmacro %}
