{#- A quotient that is null, never an error and never 0, where there is no denominator. -#}
{% macro safe_ratio(numerator, denominator) -%}
    cast({{ numerator }} as {{ shipworthy.type_double() }}) / nullif({{ denominator }}, 0)
{%- endmacro %}
