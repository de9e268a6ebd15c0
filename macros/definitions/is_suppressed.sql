{#- Whether a row of people-based measures describes too few people to be shown. An unknown number is too few. -#}
{% macro is_suppressed(builders) -%}
    coalesce({{ builders }} < {{ var('shipworthy__minimum_group_size') }}, true)
{%- endmacro %}
