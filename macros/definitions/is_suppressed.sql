{#- Whether a row of people-based measures describes too few people to be shown. An unknown number is too few. -#}
{% macro is_suppressed(builders) -%}
    coalesce({{ builders }} < {{ var('shipworthy__minimum_group_size') }}, true)
{%- endmacro %}

{#- Whether, and why, a row must not be shown, by the row of group_visibility that was joined to it from the left: a group
    that is not among them has nobody. -#}
{% macro is_hidden(visibility) -%}
    coalesce({{ visibility }}.is_suppressed, true)
{%- endmacro %}

{% macro hidden_because(visibility) -%}
    case when {{ shipworthy.is_hidden(visibility) }} then coalesce({{ visibility }}.null_reason, 'group_too_small') end
{%- endmacro %}
