{#- The middle value of an aggregate; nulls do not count. `shipworthy__median` says what the middle of an even number of
    values is: the mean of the two (interpolated) or the lower one. -#}
{% macro median(value) -%}
    {%- set kind = 'percentile_disc' if var('shipworthy__median') == 'lower' else 'percentile_cont' -%}
    {{ kind }}(0.5) within group (order by cast({{ value }} as {{ shipworthy.type_double() }}))
{%- endmacro %}
