{#- The middle value of an aggregate; nulls do not count. `shipworthy__median` says what the middle of an even number of
    values is: the mean of the two (interpolated) or the lower one. -#}
{% macro median(value) -%}
    {%- set number = 'cast(' ~ value ~ ' as ' ~ shipworthy.type_double() ~ ')' -%}
    {%- if var('shipworthy__median') == 'lower' -%}
    {{ shipworthy.lower_percentile(number, 0.5) }}
    {%- else -%}
    {{ shipworthy.percentile(number, 0.5) }}
    {%- endif -%}
{%- endmacro %}
