{#- Whether a row of people-based measures describes too few people to be shown. An unknown number is too few. -#}
{% macro is_suppressed(builders) -%}
    coalesce({{ builders }} < {{ var('shipworthy__minimum_group_size') }}, true)
{%- endmacro %}

{#- Whether, and why, a row must not be shown, by the row of groups_shown that was joined to it from the left: a group
    that is not among them has nobody. -#}
{% macro is_hidden(group_shown) -%}
    coalesce({{ group_shown }}.is_suppressed, true)
{%- endmacro %}

{% macro hidden_because(group_shown) -%}
    case when {{ shipworthy.is_hidden(group_shown) }} then coalesce({{ group_shown }}.null_reason, 'group_too_small') end
{%- endmacro %}
