{#- Whether a change repairs: its message says so (commits.is_fix), it came from a hotfix branch, or it is the
    named fix of an incident. -#}
{% macro is_hotfix(is_fix, head_branch, is_named_fix) -%}
    {{ return(adapter.dispatch('is_hotfix', 'shipworthy')(is_fix, head_branch, is_named_fix)) }}
{%- endmacro %}

{% macro default__is_hotfix(is_fix, head_branch, is_named_fix) -%}
    (
        coalesce({{ is_fix }}, false)
        or coalesce({{ is_named_fix }}, false)
        or coalesce(lower({{ head_branch }}) like 'hotfix/%' or lower({{ head_branch }}) like 'hotfix-%', false)
    )
{%- endmacro %}
